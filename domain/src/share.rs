//! Sharing an amount out, to the unit.

use std::cmp::Reverse;

/// Why an amount cannot be shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// The amount, or a weight, is below 0.
    #[error("neither what is shared out nor a weight may be negative")]
    Negative,
    /// There is something to share out, and nobody to have it.
    #[error("what nothing weighs cannot be shared out")]
    Weightless,
}

/// Shares `amount` out by `weights`: a part for each, in their order, that together are the amount.
///
/// Each has its exact share without its fraction; the units that are left go one each to the largest
/// fractions, and of equal ones to the first. So no part is a unit or more away from its exact share,
/// what weighs nothing has nothing, and no part is more than its weight where the amount is not more
/// than all weights.
///
/// ```
/// use domain::share;
///
/// assert_eq!(share(100, &[1, 1, 1])?, [34, 33, 33]);
/// assert_eq!(share(5, &[30, 0, 50])?, [2, 0, 3]);
/// # Ok::<(), domain::ShareError>(())
/// ```
///
/// # Errors
/// Something is negative, or all that there is weighs nothing.
pub fn share(amount: i64, weights: &[i64]) -> Result<Vec<i64>, ShareError> {
    if amount < 0 || weights.iter().any(|weight| *weight < 0) {
        return Err(ShareError::Negative);
    }
    let all: i128 = weights.iter().copied().map(i128::from).sum();
    if amount == 0 {
        return Ok(vec![0; weights.len()]);
    }
    if all == 0 {
        return Err(ShareError::Weightless);
    }
    // 63 bits times 63 bits: it fits 128.
    let exact = |weight: &i64| i128::from(amount) * i128::from(*weight);
    let mut parts: Vec<i64> = weights
        .iter()
        // No part is more than the amount.
        .map(|weight| i64::try_from(exact(weight) / all).unwrap_or(amount))
        .collect();
    let left = parts.iter().fold(amount, |left, part| left - part);
    let mut fractions: Vec<(Reverse<i128>, usize)> = weights
        .iter()
        .enumerate()
        .map(|(index, weight)| (Reverse(exact(weight) % all), index))
        .collect();
    fractions.sort_unstable();
    // There are always fewer units left than there are fractions.
    let left = usize::try_from(left).unwrap_or_default();
    for (_, index) in fractions.into_iter().take(left) {
        parts[index] += 1;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn what_is_left_goes_to_the_largest_fractions_and_of_equal_ones_to_the_first() {
        // Exactly 1.4, 2.8 and 2.8.
        assert_eq!(share(7, &[1, 2, 2]).unwrap(), [1, 3, 3]);
        // Exactly 2.5 each.
        assert_eq!(share(10, &[1, 1, 1, 1]).unwrap(), [3, 3, 2, 2]);
        assert_eq!(share(0, &[3, 0]).unwrap(), [0, 0]);
        assert_eq!(share(0, &[0, 0]).unwrap(), [0, 0]);
        assert_eq!(share(0, &[]).unwrap(), [0; 0]);
        let most = [i64::MAX, i64::MAX];
        assert_eq!(share(i64::MAX, &most).unwrap(), [1 << 62, (1 << 62) - 1]);
    }

    #[test]
    fn what_cannot_be_shared_out_is_refused() {
        assert_eq!(share(-1, &[1]), Err(ShareError::Negative));
        assert_eq!(share(1, &[2, -1]), Err(ShareError::Negative));
        assert_eq!(share(1, &[0, 0]), Err(ShareError::Weightless));
        assert_eq!(share(1, &[]), Err(ShareError::Weightless));
    }

    fn weights() -> impl Strategy<Value = Vec<i64>> {
        let weight = prop_oneof![
            4 => 0..10_i64,
            4 => 0..100_000_i64,
            1 => Just(i64::MAX),
            1 => 0..i64::MAX,
        ];
        proptest::collection::vec(weight, 1..12)
    }

    proptest! {
        #[test]
        fn parts_are_the_amount_and_next_to_exact(
            amount in prop_oneof![0..100_i64, 0..i64::MAX],
            weights in weights(),
        ) {
            let all: i128 = weights.iter().copied().map(i128::from).sum();
            prop_assume!(all > 0);
            let parts = share(amount, &weights).unwrap();
            prop_assert_eq!(parts.len(), weights.len());
            let sum: i128 = parts.iter().copied().map(i128::from).sum();
            prop_assert_eq!(sum, i128::from(amount));
            for (part, weight) in parts.iter().zip(&weights) {
                let exact = i128::from(amount) * i128::from(*weight);
                let off = (i128::from(*part) * all - exact).abs();
                prop_assert!(*part >= 0 && off < all, "{} of {}", part, weight);
                prop_assert!(*weight > 0 || *part == 0);
                prop_assert!(i128::from(amount) > all || part <= weight);
            }
        }

        #[test]
        fn an_extra_unit_is_had_by_no_smaller_a_fraction_than_is_left_out(
            amount in 0..10_000_i64,
            weights in weights(),
        ) {
            let all: i128 = weights.iter().copied().map(i128::from).sum();
            prop_assume!(all > 0);
            let parts = share(amount, &weights).unwrap();
            let split = |(index, weight): (usize, &i64)| {
                let exact = i128::from(amount) * i128::from(*weight);
                let rounded_up = i128::from(parts[index]) > exact / all;
                (rounded_up, (Reverse(exact % all), index))
            };
            let (up, down): (Vec<_>, Vec<_>) =
                weights.iter().enumerate().map(split).partition(|(up, _)| *up);
            let last_up = up.iter().map(|(_, rank)| rank).max();
            let first_down = down.iter().map(|(_, rank)| rank).min();
            if let (Some(last_up), Some(first_down)) = (last_up, first_down) {
                prop_assert!(last_up < first_down);
            }
        }

        #[test]
        fn parts_go_with_their_weights_whatever_the_order(
            amount in 0..10_000_i64,
            weights in weights(),
            turn in 0..12_usize,
        ) {
            let all: i128 = weights.iter().copied().map(i128::from).sum();
            prop_assume!(all > 0);
            // Of equal fractions, the first one's is rounded up: then it goes by the order.
            let fractions = weights.iter().map(|weight| {
                let exact = i128::from(amount) * i128::from(*weight);
                (*weight, exact % all)
            });
            let fractions: BTreeMap<i64, i128> = fractions.collect();
            let distinct: BTreeSet<i128> = fractions.values().copied().collect();
            prop_assume!(distinct.len() == fractions.len());
            let mut turned = weights.clone();
            turned.rotate_left(turn % weights.len());
            let sorted = |weights: &[i64]| {
                let parts = share(amount, weights).unwrap();
                let mut pairs: Vec<_> = weights.iter().copied().zip(parts).collect();
                pairs.sort_unstable();
                pairs
            };
            prop_assert_eq!(sorted(&weights), sorted(&turned));
        }
    }
}
