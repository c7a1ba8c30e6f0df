//! PTX text as instructions. Whatever is not known stops the test: nothing is skipped.

use std::collections::{BTreeMap, HashMap};

/// An operand.
#[derive(Clone, Copy, Debug)]
pub enum Operand {
    Register(usize),
    Value(u64),
    /// A register and a distance.
    Address(usize, i64),
    /// An offset into the argument.
    Parameter(usize),
    /// A special register: thread, block, block size, grid size, along a dimension.
    Special(Special, usize),
    /// Where shared memory begins.
    Shared,
    /// An instruction's number.
    Label(usize),
    /// A list of instructions' numbers.
    Targets(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    Thread,
    Block,
    Threads,
    Blocks,
}

/// One instruction: `parts` is its name, cut at the dots.
#[derive(Clone, Debug)]
pub struct Instruction {
    pub name: String,
    pub parts: Vec<String>,
    /// The predicate's register, and whether it must be false.
    pub guard: Option<(usize, bool)>,
    pub operands: Vec<Operand>,
    pub action: super::execute::Action,
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Program {
    pub code: Vec<Instruction>,
    pub registers: usize,
    pub targets: Vec<Vec<usize>>,
}

/// All entries of a file.
pub fn programs(text: &str) -> BTreeMap<String, Program> {
    let mut programs = BTreeMap::new();
    let mut rest = text;
    while let Some(at) = rest.find(".entry ") {
        rest = &rest[at + 7..];
        let name = rest[..rest.find('(').expect("parameters")].to_owned();
        let body = &rest[rest.find("\n{").expect("a body") + 2..];
        let body = &body[..body.find("\n}").expect("an end")];
        programs.insert(name, program(body));
    }
    programs
}

#[derive(Default)]
struct Parser {
    registers: HashMap<String, usize>,
    labels: HashMap<String, usize>,
    targets: HashMap<String, (usize, Vec<String>)>,
}

fn program(body: &str) -> Program {
    let mut parser = Parser::default();
    let statements = parser.statements(body);
    let code: Vec<_> = statements.iter().map(|statement| parser.instruction(statement)).collect();
    let mut targets = vec![Vec::new(); parser.targets.len()];
    for (index, labels) in parser.targets.values() {
        targets[*index] = labels.iter().map(|label| parser.labels[label]).collect();
    }
    Program { code, registers: parser.registers.len(), targets }
}

impl Parser {
    /// Cuts the body at semicolons; notes labels and targets; leaves comments and declarations out.
    fn statements(&mut self, body: &str) -> Vec<String> {
        let text: String = body.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join(" ");
        let mut statements: Vec<String> = Vec::new();
        for statement in text.split(';') {
            let mut statement = statement.trim();
            loop {
                // A block of inline assembly: its braces stand alone, those of vectors do not.
                if let Some(inner) = statement.strip_prefix('{').or_else(|| statement.strip_prefix('}')) {
                    statement = inner.trim();
                } else if let Some((label, after)) = statement.split_once(':').filter(|(label, _)| label.starts_with('$')) {
                    if let Some(list) = after.trim().strip_prefix(".branchtargets") {
                        let labels = list.split(',').map(|label| label.trim().to_owned()).collect();
                        self.targets.insert(label.to_owned(), (self.targets.len(), labels));
                        statement = "";
                    } else {
                        self.labels.insert(label.to_owned(), statements.len());
                        statement = after.trim();
                    }
                } else {
                    break;
                }
            }
            // Registers are known by their use; a pragma speaks to the assembler's optimiser.
            if !statement.is_empty() && !statement.starts_with(".reg") && !statement.starts_with(".pragma") {
                statements.push(statement.to_owned());
            }
        }
        statements
    }

    fn register(&mut self, name: &str) -> usize {
        let next = self.registers.len();
        *self.registers.entry(name.to_owned()).or_insert(next)
    }

    fn instruction(&mut self, statement: &str) -> Instruction {
        let (guard, statement) = match statement.strip_prefix('@') {
            Some(guarded) => {
                let (predicate, statement) = guarded.split_once(char::is_whitespace).expect("a guarded instruction");
                let negated = predicate.starts_with('!');
                (Some((self.register(predicate.trim_start_matches('!')), negated)), statement.trim())
            }
            None => (None, statement),
        };
        let (name, operands) = statement.split_once(char::is_whitespace).unwrap_or((statement, ""));
        let operands = operands.trim();
        // A register of 64 bits taken apart into halves, or put together from them.
        let name = match (name, operands.starts_with('{'), operands.ends_with('}')) {
            ("mov.b64", true, false) => "unpack.b64",
            ("mov.b64", false, true) => "pack.b64",
            _ => name,
        };
        let operands = operands.replace(['{', '}'], "");
        let operands = operands.split(',').map(str::trim).filter(|operand| !operand.is_empty());
        let operands: Vec<Operand> = operands.map(|operand| self.operand(operand)).collect();
        let parts: Vec<String> = name.split('.').map(Into::into).collect();
        let action = super::execute::Action::of(&parts);
        Instruction { name: name.to_owned(), parts, guard, operands, action }
    }

    fn operand(&mut self, text: &str) -> Operand {
        if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            let (base, distance) = inner.split_once('+').unwrap_or((inner, "0"));
            let distance = distance.parse().expect("a distance");
            if base.contains("_param_") {
                return Operand::Parameter(usize::try_from(distance).expect("within the argument"));
            }
            return Operand::Address(self.register(base), distance);
        }
        if let Some(labels) = self.targets.get(text) {
            return Operand::Targets(labels.0);
        }
        if text.starts_with('$') {
            return Operand::Label(self.labels[text]);
        }
        let dimension = text.as_bytes()[text.len() - 1].wrapping_sub(b'x') as usize;
        for (prefix, special) in
            [("%tid.", Special::Thread), ("%ctaid.", Special::Block), ("%ntid.", Special::Threads), ("%nctaid.", Special::Blocks)]
        {
            if text.starts_with(prefix) {
                return Operand::Special(special, dimension);
            }
        }
        if text == "dyn_smem" {
            return Operand::Shared;
        }
        if let Some(bits) = text.strip_prefix("0f") {
            return Operand::Value(u64::from_str_radix(bits, 16).expect("bits of a float"));
        }
        if let Ok(value) = text.parse::<i128>() {
            return Operand::Value(value as u64);
        }
        // `_` is a register that nobody reads.
        assert!(text.starts_with('%') || ["t", "tmp", "_"].contains(&text), "an operand that nobody knows: {text}");
        Operand::Register(self.register(text))
    }
}
