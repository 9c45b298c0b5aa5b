//! The tree against a sorted list of all pairs, and what must hold of every tree.

use crate::support::{WIDTH, normal, pairs, table};
use espalier_entropy::{Pairs, Parent, pruning_tree};
use fastrand::Rng;

fn depth_of(n: usize) -> u32 {
    n.next_power_of_two().trailing_zeros()
}

/// As the design says it: all pairs of the level, sorted.
fn by_sorting(pairs: &Pairs, nodes: &[u32]) -> Vec<(u32, u32)> {
    let mut all: Vec<(u32, u32)> =
        nodes.iter().flat_map(|&a| nodes.iter().filter(move |&&b| a < b).map(move |&b| (a, b))).collect();
    let mutual = |&(a, b): &(u32, u32)| pairs.mutual_of(a as usize, b as usize);
    all.sort_by(|p, q| mutual(q).total_cmp(&mutual(p)).then(p.cmp(q)));
    let mut taken = Vec::new();
    all.retain(|&(a, b)| {
        let free = !taken.contains(&a) && !taken.contains(&b);
        if free {
            taken.extend([a, b]);
        }
        free
    });
    all
}

fn check(pairs: &Pairs) {
    let n = pairs.entropies.len();
    let tree = pruning_tree(pairs);
    assert_eq!(tree.depth, if n == 0 { 0 } else { depth_of(n) });
    assert_eq!(tree.parents.len(), n.saturating_sub(1));
    let mut nodes: Vec<u32> = (0..n as u32).collect();
    for level in 1..=tree.depth {
        let parents: Vec<&Parent> = tree.parents.iter().filter(|parent| parent.level == level).collect();
        let found: Vec<_> = parents.iter().map(|p| (p.kept.min(p.deleted), p.kept.max(p.deleted))).collect();
        assert_eq!(found, by_sorting(pairs, &nodes));
        for parent in &parents {
            assert!(parent.ratios[0] >= parent.ratios[1] && parent.ratios[0] <= 1.0 + 1e-12);
            assert!(parent.cost() >= 0.0 && parent.cost() <= parent.conditional[1]);
            if parent.ratios[0] == parent.ratios[1] {
                assert!(parent.kept < parent.deleted);
            }
            nodes.retain(|&node| node != parent.deleted);
        }
        let alone = tree.alone[level as usize - 1];
        assert_eq!(alone.is_some(), (parents.len() + nodes.len()) % 2 == 1);
        assert!(alone.is_none_or(|node| parents.iter().all(|p| p.kept != node && p.deleted != node)));
    }
    let key = |parent: &Parent| (parent.level, parent.cost(), parent.deleted);
    let place = |lane: u32| tree.order.iter().position(|&other| other == lane);
    for (a, b) in tree.parents.iter().flat_map(|a| tree.parents.iter().map(move |b| (a, b))) {
        if key(a) < key(b) {
            assert!(place(a.deleted) < place(b.deleted));
        }
    }
    let mut order = tree.order.clone();
    order.sort_unstable();
    assert_eq!(order, (0..n as u32).collect::<Vec<_>>());
    assert_eq!(tree.order.last(), nodes.first());
}

#[test]
fn every_tree_is_that_of_a_sorted_list() {
    let mut random = Rng::with_seed(1);
    for n in 0..=33usize {
        for kinds in [2, 3, 1000] {
            // Few kinds of numbers: nearly all pairs are equal.
            let entropies: Vec<f64> = (0..n).map(|_| 4.0 + f64::from(random.u32(..kinds))).collect();
            let mutual = (0..n * n.saturating_sub(1) / 2)
                .map(|_| f64::from(random.u32(..kinds)) / f64::from(kinds) * 3.0)
                .collect();
            check(&Pairs::new(entropies, mutual).expect("pairs"));
        }
    }
}

#[test]
fn trees_of_samples() {
    let mut random = Rng::with_seed(2);
    for n in [1, 2, 3, 5, 16, 21] {
        let values = table(200, || {
            let shared = normal(&mut random);
            (0..n).map(|v| if v % 5 == 4 { 1.0 } else { (shared + normal(&mut random)).max(0.0) }).collect()
        });
        check(&pairs(&values, n, WIDTH, false));
        check(&pairs(&values, n, WIDTH, true));
    }
}

#[test]
fn a_copy_leaves_first_and_costs_nothing() {
    let mut random = Rng::with_seed(3);
    let values = table(400, || {
        let [a, b, c] = [(); 3].map(|()| normal(&mut random));
        vec![a, b, c, b]
    });
    let tree = pruning_tree(&pairs(&values, 4, WIDTH, false));
    let first = tree.parents[0];
    assert_eq!((first.kept, first.deleted, first.cost()), (1, 3, 0.0));
    assert_eq!(tree.order[0], 3);
}

#[test]
fn of_constants_the_lower_index_is_kept() {
    let tree = pruning_tree(&pairs(&[1.0; 30], 3, WIDTH, false));
    assert_eq!(tree.order, [1, 2, 0]);
    assert!(tree.parents.iter().all(|parent| parent.ratios == [0.0; 2] && parent.cost() == 0.0));
    assert_eq!(tree.alone, [Some(2), None]);
}

#[test]
fn threads_change_nothing() {
    let mut random = Rng::with_seed(4);
    let values = table(700, || (0..60).map(|_| normal(&mut random)).collect());
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let pairs = pairs(&values, 60, WIDTH, true);
            let tree = pruning_tree(&pairs);
            (pairs.mutual.iter().map(|bits| bits.to_bits()).collect::<Vec<_>>(), tree)
        })
    };
    assert_eq!(on(1), on(3));
}
