//! What a GPU can do: memory, rates, power.

use std::fmt;

use super::decimal::{number_and_unit, show};
use super::{Fault, Quantity, written_as_string};

/// An amount of memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

/// A rate of floating-point operations, in operations per millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlopRate(pub u64);

/// A rate of integer operations, in operations per millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OpRate(pub u64);

/// Memory bandwidth, in bytes per millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bandwidth(pub u64);

/// Electrical power, in milliwatts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Power(pub u64);

macro_rules! measures {
    ($($name:ident shown in $shown:literal of $per_shown:literal, reads [$($unit:literal $per:expr),+], smallest $smallest:literal,
       expected $expected:literal, pattern $pattern:literal;)+) => {$(
        impl Quantity for $name {
            const EXPECTED: &'static str = $expected;
            const PATTERN: &'static str = $pattern;

            fn read(text: &str) -> Result<Self, Fault> {
                let (number, unit) = number_and_unit(text)?;
                let per_one = match unit {
                    $($unit => $per,)+
                    _ => return Err(Fault::Spelling),
                };
                Ok(Self(u64::try_from(number.in_units(per_one, $smallest)?).map_err(|_| Fault::TooLarge)?))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
                write!(f, "{} {}", show(u128::from(self.0), $per_shown), $shown)
            }
        }
    )+};
}

measures! {
    Bytes shown in "GB" of 1_000_000_000, reads ["GB" 1_000_000_000, "MB" 1_000_000, "TB" 1_000_000_000_000, "GiB" 1 << 30, "MiB" 1 << 20],
        smallest "a byte", expected "an amount of memory such as \"24 GB\"", pattern r"^[0-9][0-9_]*(\.[0-9]+)? ?(MB|GB|TB|MiB|GiB)$";
    FlopRate shown in "TFLOPS" of 1_000_000_000, reads ["TFLOPS" 1_000_000_000, "GFLOPS" 1_000_000, "PFLOPS" 1_000_000_000_000],
        smallest "an operation per millisecond", expected "a rate such as \"82.6 TFLOPS\"", pattern r"^[0-9][0-9_]*(\.[0-9]+)? ?[GTP]FLOPS$";
    OpRate shown in "TOPS" of 1_000_000_000, reads ["TOPS" 1_000_000_000, "GOPS" 1_000_000, "POPS" 1_000_000_000_000],
        smallest "an operation per millisecond", expected "a rate such as \"330 TOPS\"", pattern r"^[0-9][0-9_]*(\.[0-9]+)? ?[GTP]OPS$";
    Bandwidth shown in "GB/s" of 1_000_000, reads ["GB/s" 1_000_000, "MB/s" 1_000, "TB/s" 1_000_000_000],
        smallest "a byte per millisecond", expected "a bandwidth such as \"1010 GB/s\"", pattern r"^[0-9][0-9_]*(\.[0-9]+)? ?[MGT]B/s$";
    Power shown in "W" of 1_000, reads ["W" 1_000, "kW" 1_000_000, "mW" 1],
        smallest "a milliwatt", expected "a power such as \"450 W\"", pattern r"^[0-9][0-9_]*(\.[0-9]+)? ?(W|kW|mW)$";
}

impl Power {
    /// In kilowatts.
    pub fn kilowatts(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

written_as_string!(Bytes, FlopRate, OpRate, Bandwidth, Power);

#[cfg(test)]
mod tests {
    use super::{Bandwidth, Bytes, FlopRate, OpRate, Power};
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn spellings() {
        assert_eq!("24 GB".parse(), Ok(Bytes(24_000_000_000)));
        assert_eq!("24 GiB".parse(), Ok(Bytes(24 << 30)));
        assert_eq!("82.6 TFLOPS".parse(), Ok(FlopRate(82_600_000_000)));
        assert_eq!("330 TOPS".parse(), Ok(OpRate(330_000_000_000)));
        assert_eq!("1_010 GB/s".parse(), Ok(Bandwidth(1_010_000_000)));
        assert_eq!("0.45 kW".parse(), Ok(Power(450_000)));
        for bad in ["24", "24 gb", "24 Gb", "GB", "24 GB/s"] {
            assert!(bad.parse::<Bytes>().is_err(), "{bad}");
        }
        for bad in ["82.6", "82.6 TOPS", "82.6 TFLOP", "0.0000000001 TFLOPS"] {
            assert!(bad.parse::<FlopRate>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(n: u64) {
            prop_assert_eq!(Bytes(n).to_string().parse(), Ok(Bytes(n)));
            prop_assert_eq!(FlopRate(n).to_string().parse(), Ok(FlopRate(n)));
            prop_assert_eq!(OpRate(n).to_string().parse(), Ok(OpRate(n)));
            prop_assert_eq!(Bandwidth(n).to_string().parse(), Ok(Bandwidth(n)));
            prop_assert_eq!(Power(n).to_string().parse(), Ok(Power(n)));
        }
    }
}
