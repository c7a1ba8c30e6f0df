//! How the next token is chosen.

use plasma_kernels::Device;
use plasma_kernels::models::choice::Choice;

fn pick(choice: Choice, logits: &[f32], place: u32) -> Result<u32, String> {
    let device = Device::open("cpu").unwrap();
    choice.pick(&device, &device.upload(logits).unwrap(), place).map_err(|error| error.to_string())
}

#[test]
fn the_likeliest_is_taken_and_equals_by_number() {
    assert_eq!(pick(Choice::LIKELIEST, &[0.5, 2.0, -1.0, 2.0], 0), Ok(1));
    assert_eq!(pick(Choice { temperature: 1.0, among: 1, seed: 9 }, &[0.5, 2.0, -1.0, 2.0], 3), Ok(1));
    assert_eq!(pick(Choice { temperature: 0.0, among: 4, seed: 9 }, &[f32::NEG_INFINITY, f32::NAN], 3), Ok(1));
}

/// Shares of 4000 draws against softmax: within four standard deviations.
#[test]
fn draws_follow_the_weights_and_the_seed() {
    let logits = [1.0, -2.0, 0.0, 3.0, 2.5];
    let (temperature, among) = (1.5f64, [3usize, 4, 0]);
    let weight = |token: usize| (f64::from(logits[token]) / temperature).exp();
    let total: f64 = among.iter().map(|&token| weight(token)).sum();
    let mut counts = [0u32; 5];
    for seed in 0..4000 {
        let choice = Choice { temperature: temperature as f32, among: 3, seed };
        let token = pick(choice, &logits, 17).unwrap();
        assert_eq!(pick(choice, &logits, 17).unwrap(), token);
        counts[token as usize] += 1;
    }
    assert_eq!((counts[1], counts[2]), (0, 0), "only among the three likeliest");
    for token in among {
        let share = weight(token) / total;
        let deviation = (4000.0 * share * (1.0 - share)).sqrt();
        assert!((f64::from(counts[token]) - 4000.0 * share).abs() < 4.0 * deviation, "{token}: {counts:?}");
    }
    let at = |place| pick(Choice { temperature: 1.5, among: 3, seed: 1 }, &logits, place).unwrap();
    assert!((0..50).any(|place| at(place) != at(0)), "places differ");
}

#[test]
fn impossible_choices_are_named() {
    for (temperature, among, logits) in [(1.0, 0, &[1.0][..]), (1.0, 3, &[]), (-1.0, 3, &[1.0]), (f32::NAN, 3, &[1.0])] {
        let said = pick(Choice { temperature, among, seed: 0 }, logits, 0).unwrap_err();
        assert!(said.contains("no choice among"), "{said}");
    }
}
