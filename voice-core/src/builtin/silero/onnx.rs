//! The few bytes of the ONNX format that hold weights.
//!
//! An ONNX file is one protobuf message: `ModelProto.graph` (field 7) → `GraphProto.initializer` (field 5) →
//! `TensorProto` with `dims` (1), `data_type` (2), `name` (8) and `raw_data` (9); see `onnx.proto` of the ONNX project.
//! Every length is checked, so any other file is an error and never a panic.

use crate::error::{Error, ErrorKind, Result, Stage};

const MODEL_GRAPH: u64 = 7;
const GRAPH_INITIALIZER: u64 = 5;
const TENSOR_DIMS: u64 = 1;
const TENSOR_DATA_TYPE: u64 = 2;
const TENSOR_NAME: u64 = 8;
const TENSOR_RAW_DATA: u64 = 9;
const DATA_TYPE_FLOAT: u64 = 1;

/// The named weights of a file.
pub(super) struct Tensors<'a>(Vec<Tensor<'a>>);

#[derive(Default)]
struct Tensor<'a> {
    name: &'a [u8],
    dims: Vec<u64>,
    data_type: u64,
    raw_data: &'a [u8],
}

impl<'a> Tensors<'a> {
    /// Finds the initializers of the model in `file`.
    pub(super) fn parse(file: &'a [u8]) -> Result<Self> {
        let mut tensors = Vec::new();
        for field in Fields(file) {
            let (MODEL_GRAPH, Value::Bytes(graph)) = field? else { continue };
            for field in Fields(graph) {
                if let (GRAPH_INITIALIZER, Value::Bytes(tensor)) = field? {
                    tensors.push(Tensor::parse(tensor)?);
                }
            }
        }
        if tensors.is_empty() {
            return Err(not_silero("it holds no weights"));
        }
        Ok(Self(tensors))
    }

    /// The one tensor whose name ends in `suffix`, as `f32` in file order, when it has exactly these dimensions.
    pub(super) fn get(&self, suffix: &str, dims: &[u64]) -> Result<Vec<f32>> {
        let mut named = self.0.iter().filter(|tensor| tensor.name.ends_with(suffix.as_bytes()));
        let (Some(tensor), None) = (named.next(), named.next()) else {
            return Err(not_silero(&format!("it has not exactly one tensor named …{suffix}")));
        };
        let length: u64 = dims.iter().product();
        if tensor.data_type != DATA_TYPE_FLOAT || tensor.dims != dims || tensor.raw_data.len() as u64 != 4 * length {
            return Err(not_silero(&format!("…{suffix} is not a float tensor of {dims:?}")));
        }
        let (words, _) = tensor.raw_data.as_chunks::<4>();
        let values: Vec<f32> = words.iter().map(|word| f32::from_le_bytes(*word)).collect();
        if values.iter().any(|value| !value.is_finite()) {
            return Err(not_silero(&format!("…{suffix} holds values that are not finite")));
        }
        Ok(values)
    }
}

impl<'a> Tensor<'a> {
    fn parse(message: &'a [u8]) -> Result<Self> {
        let mut tensor = Self::default();
        for field in Fields(message) {
            match field? {
                (TENSOR_DIMS, Value::Number(dim)) => tensor.dims.push(dim),
                (TENSOR_DIMS, Value::Bytes(mut packed)) => {
                    while !packed.is_empty() {
                        tensor.dims.push(varint(&mut packed)?);
                    }
                }
                (TENSOR_DATA_TYPE, Value::Number(data_type)) => tensor.data_type = data_type,
                (TENSOR_NAME, Value::Bytes(name)) => tensor.name = name,
                (TENSOR_RAW_DATA, Value::Bytes(data)) => tensor.raw_data = data,
                _ => {}
            }
        }
        Ok(tensor)
    }
}

/// The error of a file that is not the model this code was written for.
pub(super) fn not_silero(reason: &str) -> Error {
    Error::new(ErrorKind::InvalidConfig, Stage::Vad, format!("not the 16 kHz Silero VAD model: {reason}"))
}

/// The fields of one protobuf message, in order; fused after an error.
struct Fields<'a>(&'a [u8]);

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Fixed,
}

impl<'a> Fields<'a> {
    fn next_field(&mut self) -> Result<(u64, Value<'a>)> {
        let key = varint(&mut self.0)?;
        let value = match key & 7 {
            0 => Value::Number(varint(&mut self.0)?),
            1 => self.skip(8)?,
            2 => {
                let length = varint(&mut self.0)?;
                Value::Bytes(take(&mut self.0, length)?)
            }
            5 => self.skip(4)?,
            _ => return Err(not_silero("its protobuf has an unknown wire type")),
        };
        Ok((key >> 3, value))
    }

    fn skip(&mut self, length: u64) -> Result<Value<'a>> {
        take(&mut self.0, length).map(|_| Value::Fixed)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Value<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.next_field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8]> {
    let split = usize::try_from(length).ok().and_then(|length| bytes.split_at_checked(length));
    let (head, tail) = split.ok_or_else(|| not_silero("its protobuf is cut off"))?;
    *bytes = tail;
    Ok(head)
}

fn varint(bytes: &mut &[u8]) -> Result<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(bytes, 1)?[0];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(not_silero("its protobuf has a number longer than 64 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dims_whether_packed_or_not() {
        let one_by_one = [8, 2, 8, 3];
        let packed = [10, 2, 2, 3];
        assert_eq!(Tensor::parse(&one_by_one).unwrap().dims, [2, 3]);
        assert_eq!(Tensor::parse(&packed).unwrap().dims, [2, 3]);
    }

    #[test]
    fn a_length_past_the_end_is_an_error() {
        let graph_of_100_bytes = [0x3a, 100, 1, 2, 3];
        let error = Tensors::parse(&graph_of_100_bytes).err().unwrap();
        assert_eq!(*error.kind(), ErrorKind::InvalidConfig);
        assert!(error.message().contains("cut off"), "{error}");
    }

    #[test]
    fn an_endless_number_is_an_error() {
        assert!(varint(&mut [0xff; 11].as_slice()).is_err());
    }
}
