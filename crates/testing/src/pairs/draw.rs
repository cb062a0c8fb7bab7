//! Programs × bases × noises × edits → a set's pairs, each a [`Recipe`].
//!
//! An honest pair is built from one source, twice, with one or two noises. A malicious one is the
//! same with an edit on side B. The draw is a function of the set's seed and the pair's place in
//! the product, so that a pair keeps its name as long as the data stay.

use super::data::{Builds, Noise, Program};
use super::recipe::Recipe;
use prova_random::Rng;
use std::collections::HashSet;

/// Of a hundred pairs this many have two noises.
const TWO_NOISES_PERCENT: usize = 35;
/// How often a second noise is drawn that does not fit to the first one.
const TRIES: usize = 8;
/// The date of both sides without a noise.
const DATE: &str = "1700000000";
/// The folder of both sides without a noise.
const FOLDER: &str = "src";

/// Two builds of a program.
#[derive(Clone, Debug)]
pub struct Pair {
    /// `program/edit/noises/base`.
    pub name: String,
    /// The place of its program in the set.
    pub program: usize,
    /// The kind of its edit; none if it is honest.
    pub edit: Option<String>,
    /// The other differences.
    pub noises: Vec<String>,
    /// How it is built.
    pub recipe: Recipe,
}

/// How many times each combination is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Draws {
    /// Each program with each noise.
    pub honest: u64,
    /// Each edit of each program.
    pub malicious: u64,
}

impl Default for Draws {
    fn default() -> Draws {
        Draws { honest: 1, malicious: 3 }
    }
}

/// Draws the pairs of a set. No name is there twice.
pub fn pairs(builds: &Builds, programs: &[Program], seed: u64, draws: Draws) -> Vec<Pair> {
    let (mut pairs, mut names) = (Vec::new(), HashSet::new());
    for (index, program) in programs.iter().enumerate() {
        let fits = |noise: &&Noise| noise.languages.contains(&program.language);
        let noises: Vec<&Noise> = builds.noises.iter().filter(fits).collect();
        let mut add = |first: Option<&Noise>, edit, place: u64| {
            let drawn = seed ^ ((index as u64) << 32);
            let pair =
                pair(builds, (index, program), &noises, (first, edit), Rng::of(drawn, place));
            if names.insert(pair.name.clone()) {
                pairs.push(pair);
            }
        };
        for draw in 0..draws.honest {
            for (place, noise) in noises.iter().enumerate() {
                add(Some(noise), None, draw << 16 | place as u64);
            }
        }
        for draw in 0..draws.malicious {
            for edit in &program.edits {
                add(None, Some(edit), 1 << 31 | draw << 16 | u64::from(edit.0));
            }
        }
    }
    pairs
}

fn pair(
    builds: &Builds,
    (index, program): (usize, &Program),
    noises: &[&Noise],
    (first, edit): (Option<&Noise>, Option<&(u32, String)>),
    mut rng: Rng,
) -> Pair {
    let mut chosen = vec![first.unwrap_or_else(|| *rng.pick::<&Noise>(noises))];
    if rng.percent(TWO_NOISES_PERCENT) {
        let others: Vec<&Noise> = (0..TRIES).map(|_| *rng.pick(noises)).collect();
        chosen.extend(others.into_iter().find(|other| !collide(chosen[0], other)));
    }
    let language = &builds.languages[&program.language];
    let asked = chosen.iter().flat_map(|noise| &noise.settings).find(|one| one.1 == "base");
    let named = |(_, _, name): &([bool; 2], String, String)| {
        language.bases.iter().find(|base| base.0 == *name)
    };
    let base = asked.and_then(named).unwrap_or_else(|| rng.pick(&language.bases));
    let noises: Vec<String> = chosen.iter().map(|noise| noise.name.clone()).collect();
    let what = edit.map_or("honest".to_owned(), |(number, kind)| format!("{number}-{kind}"));
    let mut recipe = language.needs.clone();
    recipe.name = format!("{}/{what}/{}/{}", program.name, noises.join("+"), base.0);
    for side in [0, 1] {
        let edit = edit.filter(|_| side == 1).map_or(0, |edit| edit.0);
        recipe.commands.push(command(&language.build, program, &chosen, (side, &base.1, edit)));
    }
    let (name, edit) = (recipe.name.clone(), edit.map(|edit| edit.1.clone()));
    Pair { name, program: index, edit, noises, recipe }
}

/// How a program is built twice, with one noise or one edit between both sides.
pub fn alone(
    builds: &Builds,
    program: &Program,
    base: &(String, String),
    noise: Option<&Noise>,
    edit: Option<&(u32, String)>,
) -> Recipe {
    let language = &builds.languages[&program.language];
    let mut recipe = language.needs.clone();
    let what = edit.map(|(number, kind)| format!("{number}-{kind}"));
    let what = what.or(noise.map(|noise| noise.name.clone())).unwrap_or_default();
    recipe.name = format!("{}/{what}/{}", program.name, base.0);
    let noises: Vec<&Noise> = noise.into_iter().collect();
    for side in [0, 1] {
        let edit = edit.filter(|_| side == 1).map_or(0, |edit| edit.0);
        recipe.commands.push(command(&language.build, program, &noises, (side, &base.1, edit)));
    }
    recipe
}

/// Whether two noises cannot be had at once: they set one thing, that is no list of flags.
fn collide(a: &Noise, b: &Noise) -> bool {
    let keys = |noise: &Noise| -> HashSet<String> {
        let keys = noise.settings.iter().map(|(_, key, _)| key.clone());
        keys.filter(|key| key != "flags").collect()
    };
    a.name == b.name || !keys(a).is_disjoint(&keys(b))
}

/// The command of a side: the sources into its folder, the compiler, the module out of it.
fn command(
    build: &str,
    program: &Program,
    noises: &[&Noise],
    (side, base, edit): (usize, &str, u32),
) -> String {
    let set = |wanted: &str| {
        let settings = noises.iter().flat_map(|noise| &noise.settings);
        let ours = settings.filter(move |(sides, key, _)| sides[side] && key == wanted);
        ours.map(|(_, _, words)| words.as_str()).collect::<Vec<&str>>()
    };
    let folder = set("folder").first().copied().unwrap_or(FOLDER);
    let mut files: Vec<String> =
        program.files.iter().map(|file| format!("{folder}/{file}")).collect();
    if set("order").contains(&"reverse") {
        files.reverse();
    }
    let build = build
        .replace("$BASE", base)
        .replace("$FLAGS", &[set("flags"), set("layout")].concat().join(" "))
        .replace("$EDIT", &edit.to_string())
        .replace("$FILES", &files.join(" "))
        .replace("$FOLDER", folder)
        .replace("$DATE", set("date").first().copied().unwrap_or(DATE));
    let letter = ['a', 'b'][side];
    format!(
        "mkdir -p {letter}/{folder}; cp $SOURCES/* {letter}/{folder}; cd {letter}; {build}; mv main.wasm ../{letter}.wasm"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pairs::data::programs;

    const BUILDS: &str = "language c needs cc 1\nlanguage c build D=$DATE cc $BASE $FLAGS -DE=$EDIT $FILES\nbase c O0 -O0\nbase c O2 -O2\nnoise long c b folder a/b\nnoise map c b flags -m$FOLDER=x\nnoise order c b order reverse\nnoise other c both folder c\n";

    fn drawn(seed: u64) -> Vec<Pair> {
        let builds = Builds::parse(BUILDS).expect("builds");
        let list = "program x c x.c y.c\nedit 1 k\nedit 2 l\nrun a\n";
        let programs = programs(list, &builds).expect("programs");
        pairs(&builds, &programs, seed, Draws { honest: 3, malicious: 9 })
    }

    #[test]
    fn pairs_are_a_function_of_the_seed_with_each_name_once() {
        let names = |seed| drawn(seed).into_iter().map(|pair| pair.name).collect::<Vec<_>>();
        assert_eq!(names(1), names(1));
        assert_ne!(names(1), names(2));
        let all = names(1);
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        for part in ["x/honest/", "x/1-k/", "x/2-l/", "/O0", "/O2", "order", "long+"] {
            assert!(all.iter().any(|name| name.contains(part)), "{part} in {all:?}");
        }
        assert!(!all.iter().any(|name| name.contains("long+other")), "{all:?}");
    }

    #[test]
    fn only_side_b_is_edited_and_the_words_are_put_in() {
        for pair in drawn(3) {
            let [a, b] = &pair.recipe.commands[..] else { panic!("two commands") };
            assert!(a.contains("-DE=0") && a.contains("D=1700000000"), "{a}");
            assert_eq!(b.contains("-DE=0"), pair.edit.is_none(), "{b}");
            assert!(!a.contains("$F") && !b.contains("$F"), "{a}\n{b}");
            if pair.noises == ["long"] {
                assert!(b.contains("a/b/x.c a/b/y.c") && a.contains("src/x.c src/y.c"), "{b}");
            }
            if pair.noises == ["order"] {
                assert!(b.contains("src/y.c src/x.c"), "{b}");
            }
            if pair.noises == ["long", "map"] {
                assert!(b.contains("-ma/b=x"), "{b}");
            }
        }
    }
}
