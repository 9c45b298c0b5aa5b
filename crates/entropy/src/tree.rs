//! The pruning tree: which of two variables says more of the pair, level by level.

use crate::mutual::Pairs;
use rayon::prelude::*;
use std::cmp::Ordering;

/// One parent x of the tree and its children, the two variables that represent them. Bits all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parent {
    /// Counted from 1, just above the leaves.
    pub level: u32,
    /// The child of the higher gain ratio, the lower index of two equal ones; it represents x on the next level.
    pub kept: u32,
    pub deleted: u32,
    /// I(kept;deleted).
    pub mutual: f64,
    /// I(x) = I(kept,deleted).
    pub entropy: f64,
    /// G(x,y) = I(x) - I(x|y) = I(y), of both children.
    pub gains: [f64; 2],
    /// G(x,y) / I(x), of both children; 0 where I(x) = 0, so that of two constants the lower index is kept.
    pub ratios: [f64; 2],
    /// I(x|y) = I(x) - I(y), of both children. That of the kept one is the cost: what the deleted one alone knows.
    pub conditional: [f64; 2],
}

impl Parent {
    /// I(x|kept).
    pub fn cost(&self) -> f64 {
        self.conditional[0]
    }
}

/// The pruning tree of n variables.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// n - 1 parents by level, on each in the order in which they were paired.
    pub parents: Vec<Parent>,
    /// ⌈log2 n⌉.
    pub depth: u32,
    /// On each level the node that found no partner and moves up as it is, if there is one.
    pub alone: Vec<Option<u32>>,
    /// All variables in the order in which they leave: deleted ones by (level, cost, index), and last the one that the
    /// root keeps.
    pub order: Vec<u32>,
}

/// Pairs nodes level by level, always the two with the largest mutual information of those still single; of equal pairs
/// the one of lower indices.
///
/// - returns: of no variables an empty tree; of one no parents and depth 0
/// - method: what a sorted list of all pairs would give, without one: two nodes are paired as soon as each is the other's
///   best, which no pair before them in that list can prevent
/// - cost: O(n²) for a level, a quarter of it on the next; more only where one node is the best of many by different amounts
/// - source: the method is Preis 1999, which gives the greedy matching where no two pairs are equal
pub fn pruning_tree(pairs: &Pairs) -> Tree {
    let n = pairs.entropies.len();
    let mut nodes: Vec<u32> = (0..n as u32).collect();
    let mut tree = Tree { parents: Vec::new(), depth: 0, alone: Vec::new(), order: Vec::new() };
    while nodes.len() > 1 {
        tree.depth += 1;
        let (matched, alone) = matching(pairs, &nodes);
        let parents: Vec<Parent> = matched.into_iter().map(|pair| parent(pairs, tree.depth, pair)).collect();
        nodes = parents.iter().map(|parent| parent.kept).chain(alone).collect();
        nodes.sort_unstable();
        tree.parents.extend(parents);
        tree.alone.push(alone);
    }
    let mut leaving = tree.parents.clone();
    leaving.sort_by(|a, b| {
        (a.level.cmp(&b.level)).then(a.cost().total_cmp(&b.cost())).then(a.deleted.cmp(&b.deleted))
    });
    tree.order = leaving.iter().map(|parent| parent.deleted).chain(nodes).collect();
    tree
}

fn parent(pairs: &Pairs, level: u32, (a, b): (u32, u32)) -> Parent {
    let entropy = pairs.joint_of(a as usize, b as usize);
    let own = |lane: u32| pairs.entropies[lane as usize];
    let ratio = |lane: u32| if entropy > 0.0 { own(lane) / entropy } else { 0.0 };
    let (kept, deleted) = if ratio(b) > ratio(a) { (b, a) } else { (a, b) };
    let both = [kept, deleted];
    Parent {
        level,
        kept,
        deleted,
        mutual: pairs.mutual_of(a as usize, b as usize),
        entropy,
        gains: both.map(own),
        ratios: both.map(ratio),
        conditional: both.map(|lane| (entropy - own(lane)).max(0.0)),
    }
}

/// A pair of nodes a < b, and what it shares.
#[derive(Clone, Copy)]
struct Pair {
    mutual: f64,
    a: u32,
    b: u32,
}

impl Pair {
    /// Less is earlier.
    fn cmp(&self, other: &Pair) -> Ordering {
        other.mutual.total_cmp(&self.mutual).then((self.a, self.b).cmp(&(other.a, other.b)))
    }
}

/// The greedy matching of nodes, earliest pair first, and the node that is left.
/// - `nodes`: ascending
fn matching(pairs: &Pairs, nodes: &[u32]) -> (Vec<(u32, u32)>, Option<u32>) {
    let pair = |a: u32, b: u32| {
        let (a, b) = (a.min(b), a.max(b));
        // -0 and 0 are one.
        Pair { mutual: pairs.mutual_of(a as usize, b as usize) + 0.0, a, b }
    };
    let mut single = vec![true; nodes.len()];
    let best_of = |single: &[bool], i: usize| -> Option<usize> {
        let others = (0..nodes.len()).filter(|&j| j != i && single[j]);
        others.min_by(|&j, &k| pair(nodes[i], nodes[j]).cmp(&pair(nodes[i], nodes[k])))
    };
    // What a node shares with those still single only falls. Of equal pairs those of lower partners come first, so that the
    // next one is found behind the last: many dead lanes, all alike, cost no more than others.
    let next_of = |single: &[bool], i: usize, last: usize| -> Option<usize> {
        let most = pair(nodes[i], nodes[last]).mutual;
        (last + 1..nodes.len())
            .find(|&j| j != i && single[j] && pair(nodes[i], nodes[j]).mutual == most)
            .or_else(|| best_of(single, i))
    };
    let mut best: Vec<Option<usize>> =
        (0..nodes.len()).into_par_iter().map(|i| best_of(&single, i)).collect();
    let mut found = Vec::new();
    let mut open: Vec<usize> = (0..nodes.len()).collect();
    while !open.is_empty() {
        for &i in &open {
            let Some(j) = best[i] else { continue };
            if single[i] && single[j] && best[j] == Some(i) {
                single[i] = false;
                single[j] = false;
                found.push(pair(nodes[i], nodes[j]));
            }
        }
        open.retain(|&i| single[i] && best[i].is_some());
        let bereft = open.par_iter().filter_map(|&i| best[i].filter(|&j| !single[j]).map(|j| (i, j)));
        let next: Vec<(usize, Option<usize>)> = bereft.map(|(i, j)| (i, next_of(&single, i, j))).collect();
        for (i, found) in next {
            best[i] = found;
        }
    }
    found.sort_unstable_by(Pair::cmp);
    let alone = (0..nodes.len()).find(|&i| single[i]).map(|i| nodes[i]);
    (found.into_iter().map(|Pair { a, b, .. }| (a, b)).collect(), alone)
}
