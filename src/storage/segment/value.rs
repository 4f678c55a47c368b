//! The values of documents, and columns of them.
//!
//! A value is one scalar of a JSON text, kept so that the same scalar can be written again. Two values are equal
//! when their texts would be: `0.0` is not `-0.0`, `1` is not `1.0`.

use std::ops::Range;

/// One scalar.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    False,
    True,
    Whole(i64),
    /// A number that its shortest digits give back; always finite.
    Real(f64),
    /// Any other number, by its digits.
    Digits(Box<str>),
    Text(Box<str>),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) | (Self::False, Self::False) | (Self::True, Self::True) => true,
            (Self::Whole(one), Self::Whole(other)) => one == other,
            (Self::Real(one), Self::Real(other)) => one.to_bits() == other.to_bits(),
            (Self::Digits(one), Self::Digits(other)) | (Self::Text(one), Self::Text(other)) => one == other,
            _ => false,
        }
    }
}

/// The values of one slot, in the order of the rows. Columns of one kind of number need no tag for each value.
#[derive(Clone, Debug)]
pub enum Column {
    Whole(Vec<i64>),
    Real(Vec<f64>),
    Mixed(Vec<Value>),
}

impl Default for Column {
    fn default() -> Self {
        Self::Whole(Vec::new())
    }
}

impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Whole(one), Self::Whole(other)) => one == other,
            (Self::Real(one), Self::Real(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(a, b)| a.to_bits() == b.to_bits())
            }
            (Self::Mixed(one), Self::Mixed(other)) => one == other,
            _ => self.len() == other.len() && self.iter().eq(other.iter()),
        }
    }
}

impl Column {
    /// A column that takes so many numbers without moving.
    pub fn with_capacity(values: usize) -> Self {
        Self::Whole(Vec::with_capacity(values))
    }

    pub fn len(&self) -> usize {
        match self {
            Self::Whole(values) => values.len(),
            Self::Real(values) => values.len(),
            Self::Mixed(values) => values.len(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same as [`Column::push`] of such a number, for those who push many.
    pub fn push_whole(&mut self, value: i64) {
        match self {
            Self::Whole(values) => values.push(value),
            _ => self.push(Value::Whole(value)),
        }
    }

    pub fn push_real(&mut self, value: f64) {
        match self {
            Self::Real(values) => values.push(value),
            _ => self.push(Value::Real(value)),
        }
    }

    /// Appends a value; a column of one kind of number becomes a mixed one when another kind comes.
    pub fn push(&mut self, value: Value) {
        let is_first = self.is_empty();
        match (&mut *self, value) {
            (Self::Whole(values), Value::Whole(value)) => values.push(value),
            (Self::Real(values), Value::Real(value)) => values.push(value),
            (Self::Mixed(values), value) => values.push(value),
            (Self::Whole(none), Value::Real(value)) if is_first => {
                let mut values = Vec::with_capacity(none.capacity());
                values.push(value);
                *self = Self::Real(values);
            }
            (column, value) => {
                let mut values: Vec<Value> = column.iter().collect();
                values.push(value);
                *column = Self::Mixed(values);
            }
        }
    }

    /// Appends the values of another column.
    pub fn append(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        match (&mut *self, other) {
            (Self::Whole(values), Self::Whole(other)) => values.extend(other),
            (Self::Real(values), Self::Real(other)) => values.extend(other),
            (column, other) => other.iter().for_each(|value| column.push(value)),
        }
    }

    /// Appends some values of another column, of those that there are.
    pub fn append_range(&mut self, other: &Self, range: Range<usize>) {
        match (&mut *self, other) {
            (Self::Whole(values), Self::Whole(other)) => values.extend(other.get(range).unwrap_or(&[])),
            (Self::Real(values), Self::Real(other)) => values.extend(other.get(range).unwrap_or(&[])),
            (_, other) => self.append(other.range(range)),
        }
    }

    /// A copy of some values, of those that there are.
    pub fn range(&self, range: Range<usize>) -> Self {
        match self {
            Self::Whole(values) => Self::Whole(values.get(range).unwrap_or(&[]).to_vec()),
            Self::Real(values) => Self::Real(values.get(range).unwrap_or(&[]).to_vec()),
            Self::Mixed(values) => Self::Mixed(values.get(range).unwrap_or(&[]).to_vec()),
        }
    }

    pub fn get(&self, index: usize) -> Option<Value> {
        match self {
            Self::Whole(values) => values.get(index).copied().map(Value::Whole),
            Self::Real(values) => values.get(index).copied().map(Value::Real),
            Self::Mixed(values) => values.get(index).cloned(),
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = Value> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// Values that are numbers: the samples of the column.
    pub fn samples(&self) -> usize {
        match self {
            Self::Mixed(values) => values.iter().filter(|value| value.is_number()).count(),
            _ => self.len(),
        }
    }
}

impl Value {
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Whole(_) | Self::Real(_) | Self::Digits(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_takes_any_value_and_gives_each_back() {
        let values = [
            Value::Real(1.0),
            Value::Whole(1),
            Value::Null,
            Value::Real(-0.0),
            Value::Text("1".into()),
            Value::Digits("1e400".into()),
            Value::True,
        ];
        let mut column = Column::default();
        for (count, value) in values.iter().enumerate() {
            column.push(value.clone());
            assert!(column.iter().eq(values[..=count].iter().cloned()), "{column:?}");
        }
        assert_eq!(column.samples(), 4);
        assert_ne!(Value::Real(0.0), Value::Real(-0.0));
        assert_ne!(Value::Real(1.0), Value::Whole(1));
    }
}
