use std::fmt;

/// An ONNX element type; the discriminant is `TensorProto.DataType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum DType {
    Float32 = 1,
    UInt8 = 2,
    Int8 = 3,
    UInt16 = 4,
    Int16 = 5,
    Int32 = 6,
    Int64 = 7,
    String = 8,
    Bool = 9,
    Float16 = 10,
    Float64 = 11,
    UInt32 = 12,
    UInt64 = 13,
    Complex64 = 14,
    Complex128 = 15,
    BFloat16 = 16,
    Float8E4M3FN = 17,
    Float8E4M3FNUZ = 18,
    Float8E5M2 = 19,
    Float8E5M2FNUZ = 20,
    UInt4 = 21,
    Int4 = 22,
    Float4E2M1 = 23,
    Float8E8M0 = 24,
    UInt2 = 25,
    Int2 = 26,
}

impl DType {
    pub const ALL: [DType; 26] = [
        DType::Float32,
        DType::UInt8,
        DType::Int8,
        DType::UInt16,
        DType::Int16,
        DType::Int32,
        DType::Int64,
        DType::String,
        DType::Bool,
        DType::Float16,
        DType::Float64,
        DType::UInt32,
        DType::UInt64,
        DType::Complex64,
        DType::Complex128,
        DType::BFloat16,
        DType::Float8E4M3FN,
        DType::Float8E4M3FNUZ,
        DType::Float8E5M2,
        DType::Float8E5M2FNUZ,
        DType::UInt4,
        DType::Int4,
        DType::Float4E2M1,
        DType::Float8E8M0,
        DType::UInt2,
        DType::Int2,
    ];

    /// The type of a `TensorProto.DataType` number; none for 0 (undefined) and numbers not known.
    pub fn from_onnx(number: i64) -> Option<DType> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        DType::ALL.get(index).copied()
    }

    pub fn to_onnx(self) -> u8 {
        self as u8
    }

    /// Its name as NumPy and onnxruntime have it.
    pub fn name(self) -> &'static str {
        match self {
            DType::Float32 => "float32",
            DType::UInt8 => "uint8",
            DType::Int8 => "int8",
            DType::UInt16 => "uint16",
            DType::Int16 => "int16",
            DType::Int32 => "int32",
            DType::Int64 => "int64",
            DType::String => "string",
            DType::Bool => "bool",
            DType::Float16 => "float16",
            DType::Float64 => "float64",
            DType::UInt32 => "uint32",
            DType::UInt64 => "uint64",
            DType::Complex64 => "complex64",
            DType::Complex128 => "complex128",
            DType::BFloat16 => "bfloat16",
            DType::Float8E4M3FN => "float8e4m3fn",
            DType::Float8E4M3FNUZ => "float8e4m3fnuz",
            DType::Float8E5M2 => "float8e5m2",
            DType::Float8E5M2FNUZ => "float8e5m2fnuz",
            DType::UInt4 => "uint4",
            DType::Int4 => "int4",
            DType::Float4E2M1 => "float4e2m1",
            DType::Float8E8M0 => "float8e8m0",
            DType::UInt2 => "uint2",
            DType::Int2 => "int2",
        }
    }

    pub fn from_name(name: &str) -> Option<DType> {
        DType::ALL.into_iter().find(|dtype| dtype.name() == name)
    }

    /// Bits of one element in `raw_data`; 0 for strings, which have no fixed size.
    pub fn bits(self) -> u64 {
        match self {
            DType::String => 0,
            DType::UInt2 | DType::Int2 => 2,
            DType::UInt4 | DType::Int4 | DType::Float4E2M1 => 4,
            DType::UInt8
            | DType::Int8
            | DType::Bool
            | DType::Float8E4M3FN
            | DType::Float8E4M3FNUZ
            | DType::Float8E5M2
            | DType::Float8E5M2FNUZ
            | DType::Float8E8M0 => 8,
            DType::UInt16 | DType::Int16 | DType::Float16 | DType::BFloat16 => 16,
            DType::Float32 | DType::Int32 | DType::UInt32 => 32,
            DType::Float64 | DType::Int64 | DType::UInt64 | DType::Complex64 => 64,
            DType::Complex128 => 128,
        }
    }

    /// Bytes that `elements` of them take in `raw_data`: types below a byte are packed, the last byte padded. None where
    /// that overflows.
    pub fn bytes(self, elements: u64) -> Option<u64> {
        Some(elements.checked_mul(self.bits())?.div_ceil(8))
    }

    /// Does an element stand for one real number?
    pub fn is_numeric(self) -> bool {
        !matches!(self, DType::String | DType::Complex64 | DType::Complex128)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::DType;

    #[test]
    fn numbers_and_names_go_both_ways() {
        for dtype in DType::ALL {
            assert_eq!(DType::from_onnx(i64::from(dtype.to_onnx())), Some(dtype));
            assert_eq!(DType::from_name(dtype.name()), Some(dtype));
        }
        for unknown in [i64::MIN, -1, 0, 27, i64::MAX] {
            assert_eq!(DType::from_onnx(unknown), None);
        }
    }

    #[test]
    fn packed_types_round_up_to_bytes() {
        assert_eq!(DType::Int4.bytes(3), Some(2));
        assert_eq!(DType::UInt2.bytes(5), Some(2));
        assert_eq!(DType::Float64.bytes(u64::MAX / 8), None);
    }
}
