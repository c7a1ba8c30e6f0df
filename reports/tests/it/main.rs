//! A small economy by hand, and what the reports say of it.

mod economy;
mod files;
mod gains;
mod identities;
mod long;
mod nothing;
mod values;
