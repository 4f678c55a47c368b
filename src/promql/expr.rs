//! A checked query, as the evaluator walks it: what is written differently and means the same is the same here.

use std::sync::Arc;

use regex::Regex;

use super::functions::Function;
use super::labels::Labels;

/// What an expression gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Scalar,
    Vector,
    Matrix,
    Text,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
            Self::Text => "string",
        }
    }
}

#[derive(Debug)]
pub enum Expr {
    Number(f64),
    Text(String),
    Select(Selector),
    Range(Ranged<Selector>),
    Subquery(Ranged<Subquery>),
    Call { function: &'static Function, args: Vec<Expr> },
    Aggregate(Box<Aggregate>),
    Binary(Box<Binary>),
    Negate(Box<Expr>),
}

impl Expr {
    pub fn kind(&self) -> Kind {
        match self {
            Self::Number(_) => Kind::Scalar,
            Self::Text(_) => Kind::Text,
            Self::Select(_) | Self::Aggregate(_) => Kind::Vector,
            Self::Range(_) | Self::Subquery(_) => Kind::Matrix,
            Self::Call { function, .. } => function.gives,
            Self::Binary(binary) => binary.kind,
            Self::Negate(inner) => inner.kind(),
        }
    }
}

impl Expr {
    /// Whether what it gives at a moment depends on no sample behind it, nor on the range of the query.
    pub fn looks_back(&self) -> bool {
        match self {
            Self::Number(_) | Self::Text(_) => true,
            Self::Select(selector) => selector.shift.is_back(),
            Self::Range(ranged) => ranged.of.shift.is_back(),
            Self::Subquery(ranged) => ranged.of.shift.is_back() && ranged.of.expr.looks_back(),
            Self::Call { args, .. } => args.iter().all(Self::looks_back),
            Self::Aggregate(aggregate) => {
                aggregate.expr.looks_back() && aggregate.param.as_ref().is_none_or(Self::looks_back)
            }
            Self::Binary(binary) => binary.left.looks_back() && binary.right.looks_back(),
            Self::Negate(inner) => inner.looks_back(),
        }
    }
}

/// How a label must be.
#[derive(Clone, Debug)]
pub enum Condition {
    Is(String),
    IsNot(String),
    Like(Regex),
    Unlike(Regex),
}

#[derive(Clone, Debug)]
pub struct Matcher {
    pub label: String,
    pub condition: Condition,
}

impl Matcher {
    /// Whether a value fits; a label that a series does not have counts as empty.
    pub fn fits(&self, value: &str) -> bool {
        match &self.condition {
            Condition::Is(text) => value == text,
            Condition::IsNot(text) => value != text,
            Condition::Like(pattern) => pattern.is_match(value),
            Condition::Unlike(pattern) => !pattern.is_match(value),
        }
    }
}

/// Which series.
#[derive(Debug)]
pub struct Selector {
    pub matchers: Arc<[Matcher]>,
    pub shift: Shift,
}

impl Selector {
    pub fn fits(&self, labels: &Labels) -> bool {
        self.matchers.iter().all(|matcher| matcher.fits(labels.get(&matcher.label)))
    }
}

/// At what moment, seen from the one of the evaluation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shift {
    pub at: Option<At>,
    /// To the past, in milliseconds.
    pub offset: i64,
}

impl Shift {
    fn is_back(self) -> bool {
        self.at.is_none() && self.offset >= 0
    }
}

#[derive(Clone, Copy, Debug)]
pub enum At {
    /// The first moment of the whole query.
    Start,
    /// The last moment of the whole query.
    End,
    /// Milliseconds since 1970.
    Time(i64),
}

/// Something over the time before each moment.
#[derive(Debug)]
pub struct Ranged<T> {
    pub of: T,
    /// In milliseconds.
    pub range: i64,
}

#[derive(Debug)]
pub struct Subquery {
    pub expr: Box<Expr>,
    /// In milliseconds.
    pub step: i64,
    pub shift: Shift,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aggregation {
    Sum,
    Avg,
    Min,
    Max,
    Count,
    Group,
    Stddev,
    Stdvar,
    Topk,
    Bottomk,
    Quantile,
    CountValues,
}

#[derive(Debug)]
pub struct Aggregate {
    pub op: Aggregation,
    pub expr: Expr,
    pub param: Option<Expr>,
    pub grouping: Grouping,
}

/// Which labels tell one group from another.
#[derive(Debug)]
pub struct Grouping {
    /// All but these, instead of these.
    pub without: bool,
    pub labels: Vec<String>,
}

impl Grouping {
    pub fn keeps(&self, label: &str) -> bool {
        self.labels.iter().any(|known| known == label) != self.without
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Atan2,
    Equal,
    NotEqual,
    Greater,
    Less,
    AtLeast,
    AtMost,
    And,
    Or,
    Unless,
}

impl Operator {
    pub fn compares(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::NotEqual | Self::Greater | Self::Less | Self::AtLeast | Self::AtMost
        )
    }

    pub fn is_of_sets(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }
}

#[derive(Debug)]
pub struct Binary {
    pub op: Operator,
    pub left: Expr,
    pub right: Expr,
    /// A comparison gives 0 or 1, instead of what it holds for.
    pub gives_bool: bool,
    pub matching: Matching,
    pub kind: Kind,
}

/// Which series of the two sides belong together.
#[derive(Debug)]
pub struct Matching {
    /// By these labels alone, instead of by all but these.
    pub on: bool,
    pub labels: Vec<String>,
    pub many: Option<Many>,
}

impl Matching {
    pub fn keeps(&self, label: &str) -> bool {
        let is_named = self.labels.iter().any(|known| known == label);
        if self.on { is_named } else { !is_named && label != super::labels::NAME }
    }
}

/// The side on which several series may belong to one of the other side.
#[derive(Debug)]
pub struct Many {
    pub is_left: bool,
    /// Labels that are taken from the other side.
    pub include: Vec<String>,
}
