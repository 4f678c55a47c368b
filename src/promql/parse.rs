//! From text to a checked expression, by way of the parser's tree.

use std::sync::LazyLock;
use std::time::{Duration, UNIX_EPOCH};

use promql_parser::label::{MatchOp, Matcher as ParsedMatcher};
use promql_parser::parser::token::{self, TokenType};
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{
    self, AggregateExpr, AtModifier, BinaryExpr, Call, Expr as Tree, Function as ParsedFunction,
    LabelModifier, Offset, SubqueryExpr, VectorMatchCardinality, VectorSelector,
};

use super::error::{Error, Result};
use super::expr::{
    Aggregate, Aggregation, At, Binary, Condition, Expr, Grouping, Kind, Many, Matcher, Matching, Operator,
    Ranged, Selector, Shift, Subquery,
};
use super::functions::{self, Function};
use super::labels::{NAME, is_label_name};
use super::text;
use crate::limits;

/// The longest duration, in milliseconds: what fits into 64 bits of nanoseconds.
const LONGEST_MS: u128 = 9_223_372_036_854;

/// The parser knows only the new name of this function.
static OLD_NAMES: LazyLock<std::result::Result<(), String>> = LazyLock::new(|| {
    let takes = vec![ValueType::Matrix, ValueType::Scalar, ValueType::Scalar];
    let function = ParsedFunction::new("holt_winters", takes, 0, ValueType::Vector, false);
    parser::function::register_extra_functions(vec![function])
});

/// The parser's own tree, for those who show a query.
pub fn tree(query: &str) -> Result<Tree> {
    text::check(query)?;
    OLD_NAMES.as_ref().map_err(|error| Error::Parse(error.clone()))?;
    parser::parse(query).map_err(Error::Parse)
}

/// Reads a query.
pub fn parse(query: &str) -> Result<Expr> {
    expr(&tree(query)?)
}

/// Reads a query that is one selector, without a shift: which series.
pub fn parse_selector(text: &str) -> Result<Selector> {
    match parse(text)? {
        Expr::Select(selector) if selector.shift.at.is_none() && selector.shift.offset == 0 => Ok(selector),
        _ => Err(Error::Parse(format!("{text:?} is no series selector"))),
    }
}

pub fn expr(tree: &Tree) -> Result<Expr> {
    Ok(match tree {
        Tree::NumberLiteral(number) => Expr::Number(number.val),
        Tree::StringLiteral(text) => Expr::Text(text.val.clone()),
        Tree::Paren(paren) => expr(&paren.expr)?,
        Tree::Unary(unary) => Expr::Negate(Box::new(expr(&unary.expr)?)),
        Tree::VectorSelector(vector) => Expr::Select(selector(vector)?),
        Tree::MatrixSelector(matrix) => {
            Expr::Range(Ranged { of: selector(&matrix.vs)?, range: milliseconds(matrix.range)? })
        }
        Tree::Subquery(subquery) => subquery_of(subquery)?,
        Tree::Call(call) => call_of(call)?,
        Tree::Aggregate(aggregate) => aggregate_of(aggregate)?,
        Tree::Binary(binary) => binary_of(binary)?,
        Tree::Extension(_) => return Err(Error::Parse("unknown expression".to_owned())),
    })
}

fn selector(vector: &VectorSelector) -> Result<Selector> {
    let named = vector.name.iter().map(|name| matcher(NAME, Condition::Is(name.clone())));
    let conditions = vector.matchers.matchers.iter().map(|parsed| matcher(&parsed.name, condition(parsed)));
    let matchers = named.chain(conditions).collect();
    Ok(Selector { matchers, shift: shift(vector.offset.as_ref(), vector.at.as_ref())? })
}

fn matcher(label: &str, condition: Condition) -> Matcher {
    Matcher { label: label.to_owned(), condition }
}

fn condition(parsed: &ParsedMatcher) -> Condition {
    match &parsed.op {
        MatchOp::Equal => Condition::Is(parsed.value.clone()),
        MatchOp::NotEqual => Condition::IsNot(parsed.value.clone()),
        MatchOp::Re(pattern) => Condition::Like(pattern.clone()),
        MatchOp::NotRe(pattern) => Condition::Unlike(pattern.clone()),
    }
}

fn shift(offset: Option<&Offset>, at: Option<&AtModifier>) -> Result<Shift> {
    let offset = match offset {
        None => 0,
        Some(Offset::Pos(duration)) => milliseconds(*duration)?,
        Some(Offset::Neg(duration)) => -milliseconds(*duration)?,
    };
    let at = match at {
        None => None,
        Some(AtModifier::Start) => Some(At::Start),
        Some(AtModifier::End) => Some(At::End),
        Some(AtModifier::At(time)) => Some(At::Time(match time.duration_since(UNIX_EPOCH) {
            Ok(after) => milliseconds(after)?,
            Err(before) => -milliseconds(before.duration())?,
        })),
    };
    Ok(Shift { at, offset })
}

fn milliseconds(duration: Duration) -> Result<i64> {
    let milliseconds = Some(duration.as_millis()).filter(|milliseconds| *milliseconds <= LONGEST_MS);
    let milliseconds = milliseconds.and_then(|milliseconds| i64::try_from(milliseconds).ok());
    milliseconds.ok_or_else(|| Error::Parse("duration out of range".to_owned()))
}

fn subquery_of(subquery: &SubqueryExpr) -> Result<Expr> {
    let inner = expr(&subquery.expr)?;
    expect(Kind::Vector, &inner, "subquery")?;
    let step = subquery.step.map_or(Ok(limits::PROMQL_SUBQUERY_STEP_MS), milliseconds)?;
    let shift = shift(subquery.offset.as_ref(), subquery.at.as_ref())?;
    let of = Subquery { expr: Box::new(inner), step, shift };
    Ok(Expr::Subquery(Ranged { of, range: milliseconds(subquery.range)? }))
}

fn expect(kind: Kind, expr: &Expr, place: &str) -> Result<()> {
    let (wanted, found) = (kind.as_str(), expr.kind());
    if found == kind {
        return Ok(());
    }
    Err(Error::Parse(format!("expected type {wanted} in {place}, got {}", found.as_str())))
}

fn call_of(call: &Call) -> Result<Expr> {
    let name = call.func.name;
    let unknown = || Error::Parse(format!("unknown function with name {name:?}"));
    let function = functions::find(name).ok_or_else(unknown)?;
    let args = call.args.args.iter().map(|arg| expr(arg)).collect::<Result<Vec<_>>>()?;
    check_count(function, args.len())?;
    for (at, arg) in args.iter().enumerate() {
        let kind = function.takes.get(at).or(function.takes.last()).copied();
        expect(kind.unwrap_or(Kind::Vector), arg, &format!("call to function {name:?}"))?;
    }
    Ok(Expr::Call { function, args })
}

fn check_count(function: &Function, count: usize) -> Result<()> {
    let (name, most) = (function.name, function.takes.len());
    let least = most - function.optional.unwrap_or(1);
    let wrong = |rule: &str, wanted: usize| {
        Err(Error::Parse(format!("expected {rule}{wanted} argument(s) in call to {name:?}, got {count}")))
    };
    match function.optional {
        Some(0) if count != most => wrong("", most),
        _ if count < least => wrong("at least ", least),
        Some(_) if count > most => wrong("at most ", most),
        _ => Ok(()),
    }
}

fn aggregation(op: TokenType) -> Option<Aggregation> {
    Some(match op.id() {
        token::T_SUM => Aggregation::Sum,
        token::T_AVG => Aggregation::Avg,
        token::T_MIN => Aggregation::Min,
        token::T_MAX => Aggregation::Max,
        token::T_COUNT => Aggregation::Count,
        token::T_GROUP => Aggregation::Group,
        token::T_STDDEV => Aggregation::Stddev,
        token::T_STDVAR => Aggregation::Stdvar,
        token::T_TOPK => Aggregation::Topk,
        token::T_BOTTOMK => Aggregation::Bottomk,
        token::T_QUANTILE => Aggregation::Quantile,
        token::T_COUNT_VALUES => Aggregation::CountValues,
        _ => return None,
    })
}

fn aggregate_of(aggregate: &AggregateExpr) -> Result<Expr> {
    let unknown = || Error::Parse(format!("unknown function with name {:?}", aggregate.op.to_string()));
    let op = aggregation(aggregate.op).ok_or_else(unknown)?;
    let inner = expr(&aggregate.expr)?;
    expect(Kind::Vector, &inner, "aggregation expression")?;
    let param = aggregate.param.as_ref().map(|param| expr(param)).transpose()?;
    if let Some(param) = &param {
        let kind = if op == Aggregation::CountValues { Kind::Text } else { Kind::Scalar };
        expect(kind, param, "aggregation parameter")?;
    }
    let grouping = match &aggregate.modifier {
        None => Grouping { without: false, labels: Vec::new() },
        Some(LabelModifier::Include(labels)) => Grouping { without: false, labels: names(&labels.labels)? },
        Some(LabelModifier::Exclude(labels)) => Grouping { without: true, labels: names(&labels.labels)? },
    };
    Ok(Expr::Aggregate(Box::new(Aggregate { op, expr: inner, param, grouping })))
}

fn names(labels: &[String]) -> Result<Vec<String>> {
    match labels.iter().find(|label| !is_label_name(label)) {
        None => Ok(labels.to_vec()),
        Some(label) => Err(Error::Parse(format!("unexpected {label:?} in grouping opts, expected label"))),
    }
}

fn operator(op: TokenType) -> Option<Operator> {
    Some(match op.id() {
        token::T_ADD => Operator::Add,
        token::T_SUB => Operator::Sub,
        token::T_MUL => Operator::Mul,
        token::T_DIV => Operator::Div,
        token::T_MOD => Operator::Mod,
        token::T_POW => Operator::Pow,
        token::T_ATAN2 => Operator::Atan2,
        token::T_EQLC => Operator::Equal,
        token::T_NEQ => Operator::NotEqual,
        token::T_GTR => Operator::Greater,
        token::T_LSS => Operator::Less,
        token::T_GTE => Operator::AtLeast,
        token::T_LTE => Operator::AtMost,
        token::T_LAND => Operator::And,
        token::T_LOR => Operator::Or,
        token::T_LUNLESS => Operator::Unless,
        _ => return None,
    })
}

fn binary_of(binary: &BinaryExpr) -> Result<Expr> {
    let op = operator(binary.op).ok_or_else(|| Error::Parse(format!("unknown operator {}", binary.op)))?;
    let (left, right) = (expr(&binary.lhs)?, expr(&binary.rhs)?);
    let kind = match (left.kind(), right.kind()) {
        (Kind::Scalar, Kind::Scalar) => Kind::Scalar,
        (Kind::Scalar | Kind::Vector, Kind::Scalar | Kind::Vector) => Kind::Vector,
        _ => {
            let rule = "binary expression must contain only scalar and instant vector types";
            return Err(Error::Parse(rule.to_owned()));
        }
    };
    let gives_bool = binary.modifier.as_ref().is_some_and(|modifier| modifier.return_bool);
    let matching = matching(binary)?;
    Ok(Expr::Binary(Box::new(Binary { op, left, right, gives_bool, matching, kind })))
}

fn matching(binary: &BinaryExpr) -> Result<Matching> {
    let mut matching = Matching { on: false, labels: Vec::new(), many: None };
    let Some(modifier) = &binary.modifier else { return Ok(matching) };
    if modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some() {
        return Err(Error::Parse("unexpected identifier \"fill\"".to_owned()));
    }
    if let Some(labels) = &modifier.matching {
        (matching.on, matching.labels) = (labels.is_include(), names(&labels.labels().labels)?);
    }
    matching.many = match &modifier.card {
        VectorMatchCardinality::ManyToOne(include) => {
            Some(Many { is_left: true, include: names(&include.labels)? })
        }
        VectorMatchCardinality::OneToMany(include) => {
            Some(Many { is_left: false, include: names(&include.labels)? })
        }
        VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => None,
    };
    Ok(matching)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_prometheus_2_42_knows_is_read() {
        for (query, kind) in [
            ("1", Kind::Scalar),
            ("-(1 + 2) ^ 2", Kind::Scalar),
            ("\"x\"", Kind::Text),
            ("up{a!=\"b\"} offset -5m @ end()", Kind::Vector),
            ("up[5m] @ 1.5 offset 1y", Kind::Matrix),
            ("rate(up[5m])[1h:]", Kind::Matrix),
            ("holt_winters(up[5m], 0.5, 0.5)", Kind::Vector),
            ("label_join(up, \"a\", \",\")", Kind::Vector),
            ("round(up) and ignoring(a) hour()", Kind::Vector),
            ("topk by (a) (5, up) > bool on(a) group_left(b) up", Kind::Vector),
        ] {
            assert_eq!(parse(query).map(|expr| expr.kind()).ok(), Some(kind), "{query}");
        }
    }

    #[test]
    fn what_it_does_not_know_is_refused() {
        for query in [
            "",
            "1 +",
            "up[5m",
            "nothing(up)",
            "limitk(1, up)",
            "first_over_time(up[5m])",
            "rate(up)",
            "sum(1)",
            "up + up[5m]",
            "1 > 2",
            "up and 1",
            "round(up, 1, 2)",
            "label_join(up)",
            "ln(Inf)",
            "{a=\"\"}",
            "a[300y]",
            "up + fill(0) up",
            "sum by (\"a.b\") (up)",
            "-\"x\"",
            "1[5m:]",
            "up{a=~\"(\"}",
            "start()",
        ] {
            assert!(matches!(parse(query), Err(Error::Parse(_))), "{query}");
        }
    }

    /// The parser is somebody else's: nothing that passes the check may make it panic.
    #[test]
    fn no_order_of_tokens_is_too_much_for_the_parser() {
        let tokens = [
            "1",
            "0x",
            "1e",
            ".5",
            "Inf",
            "NaN",
            "5m",
            "1y",
            "9999999999y",
            "0s",
            "a",
            "a:b",
            ":",
            "sum",
            "by",
            "without",
            "on",
            "ignoring",
            "group_left",
            "offset",
            "bool",
            "and",
            "@",
            "start",
            "end",
            "rate",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ",",
            "+",
            "-",
            "*",
            "^",
            "=",
            "==",
            "!=",
            "=~",
            "!~",
            ">",
            "\"x\"",
            "'\\xff'",
            "\"\\u12\"",
            "`",
            "\"",
            "#",
            "é",
            "\n",
            "1e300",
            "-0",
        ];
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(state >> 33).unwrap()
        };
        let mut good = 0;
        for _ in 0..20_000 {
            let count = next() % 12;
            let text: String =
                (0..count).map(|_| tokens[next() % tokens.len()]).collect::<Vec<_>>().join(" ");
            good += usize::from(parse(&text).is_ok());
        }
        assert!(good > 50, "{good} of the texts are queries");
    }

    /// The tree is walked on the stack of a thread that has 2 MiB.
    #[test]
    fn the_deepest_query_fits_on_the_stack() {
        let deep = limits::PROMQL_PARTS / 2;
        for query in [
            format!("{}1{}", "(".repeat(deep), ")".repeat(deep)),
            format!("{}up", "-".repeat(deep)),
            format!("1{}", " + 1".repeat(deep)),
            format!("{}up{}", "abs(".repeat(deep / 2), ")".repeat(deep / 2)),
        ] {
            assert!(parse(&query).is_ok(), "{query}");
        }
    }
}
