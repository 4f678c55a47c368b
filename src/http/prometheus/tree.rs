//! The tree of a query, as Prometheus shows it to editors.

use std::time::{Duration, UNIX_EPOCH};

use promql_parser::label::{METRIC_NAME, Matcher};
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{
    AggregateExpr, AtModifier, BinaryExpr, Call, Expr, LabelModifier, Offset, VectorMatchCardinality,
    VectorSelector,
};
use serde_json::{Value, json};

use crate::promql::write_number;

pub(super) fn shown(expr: &Expr) -> Value {
    match expr {
        Expr::Aggregate(aggregate) => of_aggregate(aggregate),
        Expr::Unary(unary) => json!({"type": "unaryExpr", "op": "-", "expr": shown(&unary.expr)}),
        Expr::Binary(binary) => of_binary(binary),
        Expr::Paren(paren) => json!({"type": "parenExpr", "expr": shown(&paren.expr)}),
        Expr::Subquery(subquery) => json!({
            "type": "subquery",
            "expr": shown(&subquery.expr),
            "range": milliseconds(subquery.range),
            "offset": offset(subquery.offset.as_ref()),
            "step": subquery.step.map_or(0, milliseconds),
            "timestamp": timestamp(subquery.at.as_ref()),
            "startOrEnd": start_or_end(subquery.at.as_ref()),
        }),
        Expr::NumberLiteral(number) => json!({"type": "numberLiteral", "val": write_number(number.val)}),
        Expr::StringLiteral(text) => json!({"type": "stringLiteral", "val": text.val}),
        Expr::VectorSelector(selector) => of_selector("vectorSelector", selector),
        Expr::MatrixSelector(matrix) => {
            let mut shown = of_selector("matrixSelector", &matrix.vs);
            shown["range"] = milliseconds(matrix.range).into();
            shown
        }
        Expr::Call(call) => of_call(call),
        Expr::Extension(_) => Value::Null,
    }
}

fn of_aggregate(aggregate: &AggregateExpr) -> Value {
    let (grouping, without) = match &aggregate.modifier {
        None => (Vec::new(), false),
        Some(LabelModifier::Include(labels)) => (labels.labels.clone(), false),
        Some(LabelModifier::Exclude(labels)) => (labels.labels.clone(), true),
    };
    json!({
        "type": "aggregation",
        "op": aggregate.op.to_string(),
        "expr": shown(&aggregate.expr),
        "param": aggregate.param.as_ref().map(|param| shown(param)),
        "grouping": grouping,
        "without": without,
    })
}

fn of_binary(binary: &BinaryExpr) -> Value {
    let is_vector = |expr: &Expr| expr.value_type() == ValueType::Vector;
    let matching = (is_vector(&binary.lhs) && is_vector(&binary.rhs)).then(|| {
        let modifier = binary.modifier.clone().unwrap_or_default();
        let card = match modifier.card {
            VectorMatchCardinality::OneToOne => "one-to-one",
            VectorMatchCardinality::ManyToOne(_) => "many-to-one",
            VectorMatchCardinality::OneToMany(_) => "one-to-many",
            VectorMatchCardinality::ManyToMany => "many-to-many",
        };
        json!({
            "card": card,
            "labels": modifier.matching.as_ref().map_or(&[][..], |matching| &matching.labels().labels),
            "on": modifier.is_matching_on(),
            "include": modifier.card.labels().map_or(&[][..], |labels| &labels.labels),
        })
    });
    json!({
        "type": "binaryExpr",
        "op": binary.op.to_string(),
        "lhs": shown(&binary.lhs),
        "rhs": shown(&binary.rhs),
        "matching": matching,
        "bool": binary.return_bool(),
    })
}

fn of_call(call: &Call) -> Value {
    let kinds: Vec<_> = call.func.arg_types.iter().map(ValueType::to_string).collect();
    json!({
        "type": "call",
        "func": {
            "name": call.func.name,
            "argTypes": kinds,
            "variadic": call.func.variadic,
            "returnType": call.func.return_type.to_string(),
        },
        "args": call.args.args.iter().map(|arg| shown(arg)).collect::<Vec<_>>(),
    })
}

fn of_selector(kind: &str, selector: &VectorSelector) -> Value {
    let matcher = |matcher: &Matcher| json!({"name": matcher.name, "value": matcher.value, "type": matcher.op.to_string()});
    let named = selector.name.iter().map(|name| json!({"name": METRIC_NAME, "value": name, "type": "="}));
    let matchers: Vec<_> = selector.matchers.matchers.iter().map(matcher).chain(named).collect();
    json!({
        "type": kind,
        "name": selector.name.as_deref().unwrap_or_default(),
        "offset": offset(selector.offset.as_ref()),
        "matchers": matchers,
        "timestamp": timestamp(selector.at.as_ref()),
        "startOrEnd": start_or_end(selector.at.as_ref()),
    })
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

fn offset(offset: Option<&Offset>) -> i64 {
    match offset {
        None => 0,
        Some(Offset::Pos(duration)) => milliseconds(*duration),
        Some(Offset::Neg(duration)) => -milliseconds(*duration),
    }
}

fn timestamp(at: Option<&AtModifier>) -> Option<i64> {
    match at {
        Some(AtModifier::At(time)) => Some(match time.duration_since(UNIX_EPOCH) {
            Ok(after) => milliseconds(after),
            Err(before) => -milliseconds(before.duration()),
        }),
        _ => None,
    }
}

fn start_or_end(at: Option<&AtModifier>) -> Option<&'static str> {
    match at {
        Some(AtModifier::Start) => Some("start"),
        Some(AtModifier::End) => Some("end"),
        _ => None,
    }
}
