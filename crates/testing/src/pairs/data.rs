//! `pairs/builds.txt` and the list of a set's programs → [`Builds`] and [`Program`]s.
//!
//! Both files say at their top what a line is. A line that is not understood is an error, and so is
//! a name that nothing defines: no pair is lost.

use super::recipe::Recipe;
use std::collections::BTreeMap;

/// How programs are built, and what may differ between two builds.
#[derive(Clone, Debug, Default)]
pub struct Builds {
    /// Languages by name.
    pub languages: BTreeMap<String, Language>,
    /// The differences without harm, in order of the file.
    pub noises: Vec<Noise>,
}

/// How programs of a language are built.
#[derive(Clone, Debug, Default)]
pub struct Language {
    /// The requirements on the machine; it has no commands.
    pub needs: Recipe,
    /// The command, in which `$BASE`, `$FLAGS`, `$EDIT`, `$FILES`, `$FOLDER`, `$DATE` are put in.
    pub build: String,
    /// Levels, debug information, link-time optimisation: name and flags.
    pub bases: Vec<(String, String)>,
}

/// A difference of two builds that changes no behaviour, for some languages.
#[derive(Clone, Debug)]
pub struct Noise {
    /// Its name.
    pub name: String,
    /// The languages that it is for.
    pub languages: Vec<String>,
    /// The settings: side A and B, key, words.
    pub settings: Vec<([bool; 2], String, String)>,
}

/// A program, its edits, and what it is run with.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: String,
    /// The files that are compiled.
    pub files: Vec<String>,
    /// Edits: number and kind.
    pub edits: Vec<(u32, String)>,
    /// Runs in which each edit must show.
    pub runs: Vec<Run>,
}

/// A run of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// Its main function: arguments and standard input.
    Main(Vec<String>, String),
    /// An export, with numbers.
    Call(String, Vec<i64>),
}

/// The keys of a noise's settings.
const KEYS: [&str; 6] = ["flags", "layout", "folder", "date", "order", "base"];

/// The lines that say something, with their numbers.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

impl Builds {
    /// Reads `builds.txt`.
    ///
    /// # Errors
    /// A line that is not understood.
    pub fn parse(text: &str) -> Result<Builds, String> {
        let mut builds = Builds::default();
        for (number, line) in lines(text) {
            builds.line(line).ok_or_else(|| format!("builds.txt, line {number}: `{line}`"))?;
        }
        Ok(builds)
    }

    fn line(&mut self, line: &str) -> Option<()> {
        let (word, rest) = line.split_once(' ')?;
        match word {
            "language" => {
                let (name, rest) = rest.split_once(' ')?;
                let language = self.languages.entry(name.to_owned()).or_default();
                match rest.split_once(' ')? {
                    ("build", command) => language.build = command.to_owned(),
                    (word, rest) => language.needs.require(word, rest)?,
                }
            }
            "base" => {
                let [languages, name, flags] = words(rest)?;
                for language in languages.split(',') {
                    let bases = &mut self.languages.get_mut(language)?.bases;
                    bases.push((name.to_owned(), flags.to_owned()));
                }
            }
            "noise" => {
                let [name, languages, side, key, words] = words(rest)?;
                let sides = match side {
                    "both" => [true, true],
                    "a" => [true, false],
                    "b" => [false, true],
                    _ => return None,
                };
                let setting = KEYS.contains(&key).then(|| (sides, key.into(), words.into()))?;
                let languages: Vec<String> = languages.split(',').map(str::to_owned).collect();
                let known = languages.iter().all(|one| self.languages.contains_key(one));
                let same = |one: &&mut Noise| one.name == name && one.languages == languages;
                match self.noises.iter_mut().filter(|_| known).find(same) {
                    Some(noise) => noise.settings.push(setting),
                    None if known => {
                        let (name, settings) = (name.to_owned(), vec![setting]);
                        self.noises.push(Noise { name, languages, settings });
                    }
                    None => return None,
                }
            }
            _ => return None,
        }
        Some(())
    }
}

/// The first words of a line, and what is left as the last.
fn words<const N: usize>(line: &str) -> Option<[&str; N]> {
    line.splitn(N, ' ').collect::<Vec<_>>().try_into().ok()
}

/// Reads the list of a set's programs.
///
/// # Errors
/// A line that is not understood.
pub fn programs(text: &str, builds: &Builds) -> Result<Vec<Program>, String> {
    let mut programs: Vec<Program> = Vec::new();
    for (number, line) in lines(text) {
        let wrong = || format!("line {number}: `{line}`");
        let (word, rest) = line.split_once(' ').ok_or_else(wrong)?;
        if word == "program" {
            let [name, language, files] = words(rest).ok_or_else(wrong)?;
            builds.languages.get(language).ok_or_else(wrong)?;
            let files = files.split(' ').map(str::to_owned).collect();
            let (name, language) = (name.to_owned(), language.to_owned());
            programs.push(Program { name, language, files, edits: vec![], runs: vec![] });
            continue;
        }
        let program = programs.last_mut().ok_or_else(wrong)?;
        match word {
            "edit" => {
                let [number, kind] = words(rest).ok_or_else(wrong)?;
                program.edits.push((number.parse().map_err(|_| wrong())?, kind.to_owned()));
            }
            "run" => program.runs.push(run(rest).ok_or_else(wrong)?),
            _ => return Err(wrong()),
        }
    }
    Ok(programs)
}

fn run(text: &str) -> Option<Run> {
    if let Some(call) = text.strip_prefix("call ") {
        let (name, numbers) = call.split_once(' ').unwrap_or((call, ""));
        let numbers = numbers.split_whitespace().map(|number| number.parse().ok());
        return Some(Run::Call(name.to_owned(), numbers.collect::<Option<_>>()?));
    }
    let (arguments, input) = text.split_once("< ").unwrap_or((text, ""));
    let arguments = arguments.split_whitespace().map(str::to_owned).collect();
    Some(Run::Main(arguments, input.replace("\\n", "\n")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUILDS: &str = "language c needs cc 1\nlanguage c build cc $FILES\nbase c O0 -O0\n";

    #[test]
    fn builds_are_read_or_refused() {
        let noise = "noise x c a folder one\nnoise x c b folder two\n";
        let builds = Builds::parse(&format!("# all\n\n{BUILDS}{noise}")).expect("builds");
        assert_eq!((builds.noises.len(), builds.noises[0].settings.len()), (1, 2));
        assert_eq!(builds.languages["c"].bases, [("O0".to_owned(), "-O0".to_owned())]);
        let wrong = ["language c", "base d O0 -O0", "noise x d a folder y", "noise x c c folder y"];
        for line in wrong.into_iter().chain(["noise x c a colour y", "language c wants cc 1"]) {
            let error = Builds::parse(&format!("{BUILDS}{line}")).expect_err("it is wrong");
            assert!(error.contains("line 4"), "{error}");
        }
    }

    #[test]
    fn programs_are_read_or_refused() {
        let builds = Builds::parse(BUILDS).expect("builds");
        let text = "program x c x.c y.c\nedit 1 k\nrun a b < 1\\n2\nrun call f 1 -2\n";
        let programs_read = programs(text, &builds).expect("programs");
        let [program] = &programs_read[..] else { panic!("one program") };
        assert_eq!((program.files.len(), &program.edits[..]), (2, &[(1, "k".to_owned())][..]));
        assert_eq!(program.runs[0], Run::Main(vec!["a".into(), "b".into()], "1\n2".into()));
        assert_eq!(program.runs[1], Run::Call("f".into(), vec![1, -2]));
        for wrong in ["program x d x.c", "edit 1 k", "program x c x.c\nedit k 1"] {
            assert!(programs(wrong, &builds).is_err(), "{wrong}");
        }
    }
}
