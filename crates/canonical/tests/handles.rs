//! Handle tables beside a model that keeps every handle for ever.

use prova_canonical::{Dropped, HandleFault, Handles, ResourceTypeId, TableId};

/// A handle as the model knows it.
#[derive(Clone, Debug)]
struct Known {
    table: u32,
    number: u32,
    ty: u64,
    rep: u32,
    /// The depth of the call that borrowed it; none: owned.
    call: Option<usize>,
    /// The depths of the calls to which it is lent.
    lent: Vec<usize>,
    gone: bool,
}

#[derive(Clone, Default)]
struct Model {
    known: Vec<Known>,
    depth: usize,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Own(u32, u64),
    Borrow(u32, u64),
    Give(u32, u64, u32),
    Lend(u32, u64, u32),
    Drop(u32, u64, u32),
    Rep(u32, u64, u32),
    Enter,
    Exit,
}

fn actions() -> Vec<Action> {
    let mut all = vec![Action::Enter, Action::Exit, Action::Own(0, 0), Action::Own(1, 1)];
    all.extend([Action::Borrow(0, 0), Action::Borrow(1, 0)]);
    for (table, ty) in [(0, 0), (0, 1), (1, 0)] {
        for handle in [1, 2] {
            all.push(Action::Give(table, ty, handle));
            all.push(Action::Lend(table, ty, handle));
            all.push(Action::Drop(table, ty, handle));
        }
    }
    all.push(Action::Rep(0, 0, 0));
    all.push(Action::Rep(0, 0, 1));
    all
}

impl Model {
    /// The handle of a number that is not gone, or why it cannot be used.
    fn find(&self, table: u32, ty: u64, number: u32) -> Result<usize, HandleFault> {
        let is = |known: &Known| (known.table, known.number, known.gone) == (table, number, false);
        let at = self.known.iter().position(is).ok_or(HandleFault::Unknown(number))?;
        if self.known[at].ty == ty { Ok(at) } else { Err(HandleFault::WrongType(number)) }
    }

    /// Does it, with the number that the tables gave for a new handle.
    fn step(&mut self, action: Action, rep: u32, given: u32) -> Result<u32, HandleFault> {
        let new = |call| {
            let (Action::Own(table, ty) | Action::Borrow(table, ty)) = action else {
                panic!("no new handle")
            };
            let (number, lent, gone) = (given, Vec::new(), false);
            Known { table, number, ty, rep, call, lent, gone }
        };
        match action {
            Action::Enter => {
                self.depth += 1;
                Ok(0)
            }
            Action::Exit => {
                let ends = self.depth.checked_sub(1).ok_or(HandleFault::Caller)?;
                self.depth = ends;
                let mut left = 0;
                for known in &mut self.known {
                    known.lent.retain(|&call| call != ends);
                    left += u32::from(!known.gone && known.call == Some(ends));
                }
                if left == 0 { Ok(0) } else { Err(HandleFault::Remain(left)) }
            }
            Action::Own(..) => {
                let known = new(None);
                assert!(given > 0 && self.find(known.table, known.ty, given).is_err());
                self.known.push(known);
                Ok(given)
            }
            Action::Borrow(..) if self.depth == 0 => Err(HandleFault::Caller),
            Action::Borrow(..) => {
                self.known.push(new(Some(self.depth - 1)));
                Ok(given)
            }
            Action::Rep(table, ty, number) => {
                self.find(table, ty, number).map(|at| self.known[at].rep)
            }
            Action::Give(table, ty, number) => {
                let at = self.find(table, ty, number)?;
                let known = &mut self.known[at];
                match (known.call, known.lent.is_empty()) {
                    (Some(_), _) => Err(HandleFault::Borrowed(number)),
                    (None, false) => Err(HandleFault::Lent(number)),
                    (None, true) => {
                        known.gone = true;
                        Ok(known.rep)
                    }
                }
            }
            Action::Lend(..) if self.depth == 0 => Err(HandleFault::Caller),
            Action::Lend(table, ty, number) => {
                let at = self.find(table, ty, number)?;
                let (known, call) = (&mut self.known[at], self.depth - 1);
                if known.call.is_none() {
                    known.lent.push(call);
                }
                Ok(known.rep)
            }
            Action::Drop(table, ty, number) => {
                let at = self.find(table, ty, number)?;
                let known = &mut self.known[at];
                if !known.lent.is_empty() {
                    return Err(HandleFault::Lent(number));
                }
                known.gone = true;
                Ok(if known.call.is_some() { u32::MAX } else { known.rep })
            }
        }
    }
}

fn step(handles: &mut Handles, action: Action, rep: u32) -> Result<u32, HandleFault> {
    let (table, ty) = (TableId, ResourceTypeId);
    match action {
        Action::Own(t, r) => handles.own(table(t), ty(r), rep),
        Action::Borrow(t, r) => handles.borrow(table(t), ty(r), rep),
        Action::Give(t, r, n) => handles.give(table(t), ty(r), n),
        Action::Lend(t, r, n) => handles.lend(table(t), ty(r), n),
        Action::Rep(t, r, n) => handles.rep(table(t), ty(r), n),
        Action::Drop(t, r, n) => handles.drop(table(t), ty(r), n).map(|dropped| match dropped {
            Dropped::Owned(rep) => rep,
            Dropped::Borrowed => u32::MAX,
        }),
        Action::Enter => {
            handles.enter();
            Ok(0)
        }
        Action::Exit => handles.exit().map(|()| 0),
    }
}

fn explore(handles: &Handles, model: &Model, left: u32, steps: &mut u64, path: &mut Vec<Action>) {
    if left == 0 {
        return;
    }
    for action in actions() {
        let (mut handles, mut model) = (handles.clone(), model.clone());
        let rep = 10 * left;
        let found = step(&mut handles, action, rep);
        let given = found.unwrap_or_default();
        let wanted = model.step(action, rep, given);
        path.push(action);
        assert_eq!(found, wanted, "{path:?}");
        *steps += 1;
        explore(&handles, &model, left - 1, steps, path);
        path.pop();
    }
}

/// All sequences of four steps over two tables and two types.
#[test]
fn tables_do_what_the_model_does() {
    let mut handles = Handles::default();
    assert_eq!([handles.add_table(), handles.add_table()], [TableId(0), TableId(1)]);
    let mut steps = 0;
    explore(&handles, &Model::default(), 4, &mut steps, &mut Vec::new());
    let count = actions().len() as u64;
    assert_eq!(steps, count + count.pow(2) + count.pow(3) + count.pow(4));
}

#[test]
fn a_store_has_a_limit_for_all_its_tables_and_loans() {
    let mut handles = Handles::within(3);
    let (a, b, ty) = (handles.add_table(), handles.add_table(), ResourceTypeId(0));
    handles.enter();
    assert_eq!(handles.own(a, ty, 1), Ok(1));
    assert_eq!(handles.own(b, ty, 2), Ok(1));
    assert_eq!(handles.lend(a, ty, 1), Ok(1));
    assert_eq!(handles.lend(a, ty, 1), Err(HandleFault::Full(3)));
    assert_eq!(handles.own(a, ty, 3), Err(HandleFault::Full(3)));
    assert_eq!(handles.borrow(a, ty, 3), Err(HandleFault::Full(3)));
    assert_eq!(handles.exit(), Ok(()));
    assert_eq!(handles.own(a, ty, 3), Ok(2));
}

#[test]
fn faults_say_what_the_suite_says() {
    let rows = [
        (HandleFault::Unknown(7), "unknown handle index 7"),
        (HandleFault::WrongType(7), "handle index 7 used with the wrong type"),
        (HandleFault::Borrowed(7), "cannot lift own resource from a borrow"),
        (HandleFault::Lent(7), "cannot remove owned resource while borrowed"),
        (HandleFault::Remain(2), "borrow handles still remain at the end of the call: 2"),
        (HandleFault::Full(3), "the store has 3 handles, its limit"),
    ];
    for (fault, wanted) in rows {
        assert_eq!(fault.to_string(), wanted);
    }
}
