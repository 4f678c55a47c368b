//! Quantiles of classic histograms: counters of buckets, each with its upper bound.

use super::float;

/// A bucket at one moment: its upper bound, and how many observations lie at or below it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    pub bound: f64,
    pub count: f64,
}

/// Where a part `q` of all observations lies below, as far as the buckets tell. As `bucketQuantile` of Prometheus:
/// within a bucket the observations count as evenly spread, and the lowest bucket begins at zero.
pub fn quantile(q: f64, mut buckets: Vec<Bucket>) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    buckets.sort_by(|one, other| one.bound.total_cmp(&other.bound));
    if buckets.last().is_none_or(|last| last.bound != f64::INFINITY) {
        return f64::NAN;
    }
    let buckets = rising(joined(buckets));
    let last = buckets.len() - 1;
    let observations = buckets[last].count;
    if buckets.len() < 2 || observations == 0.0 {
        return f64::NAN;
    }
    let rank = q * observations;
    let at = buckets[..last].partition_point(|bucket| bucket.count < rank || rank.is_nan());
    if at == last {
        return buckets[last - 1].bound;
    }
    let Bucket { bound, count } = buckets[at];
    if at == 0 {
        return if bound <= 0.0 { bound } else { bound * (rank / count) };
    }
    let below = buckets[at - 1];
    below.bound + (bound - below.bound) * ((rank - below.count) / (count - below.count))
}

/// Those with one bound are one bucket.
fn joined(buckets: Vec<Bucket>) -> Vec<Bucket> {
    let mut joined: Vec<Bucket> = Vec::new();
    for bucket in buckets {
        match joined.last_mut() {
            Some(last) if float::equal(last.bound, bucket.bound) => last.count += bucket.count,
            _ => joined.push(bucket),
        }
    }
    joined
}

/// Buckets that were not read at one moment may fall: a count is at least that of the bucket below.
fn rising(mut buckets: Vec<Bucket>) -> Vec<Bucket> {
    for at in 1..buckets.len() {
        if buckets[at].count < buckets[at - 1].count {
            buckets[at].count = buckets[at - 1].count;
        }
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(pairs: &[(f64, f64)]) -> Vec<Bucket> {
        pairs.iter().map(|(bound, count)| Bucket { bound: *bound, count: *count }).collect()
    }

    #[test]
    fn observations_are_spread_evenly_within_a_bucket() {
        let of = |q| quantile(q, buckets(&[(1.0, 10.0), (2.0, 20.0), (f64::INFINITY, 30.0)]));
        assert!((of(0.5) - 1.5).abs() < 1e-12);
        assert!((of(0.1) - 0.3).abs() < 1e-12);
        assert!((of(0.9) - 2.0).abs() < 1e-12);
        assert_eq!((of(2.0), of(-1.0)), (f64::INFINITY, f64::NEG_INFINITY));
    }

    #[test]
    fn without_buckets_or_observations_there_is_none() {
        for pairs in
            [&[(1.0, 1.0)] as &[_], &[], &[(f64::INFINITY, 1.0)], &[(1.0, 0.0), (f64::INFINITY, 0.0)]]
        {
            assert!(quantile(0.5, buckets(pairs)).is_nan(), "{pairs:?}");
        }
    }
}
