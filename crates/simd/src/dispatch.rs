//! A kernel for each type that elements may have.

/// Runs a kernel that is made of a [`crate::source::Source`] for the type that the elements have.
macro_rules! with_source {
    ($elements:expr, $source:ident => $run:expr) => {
        match $elements {
            Elements::F32($source) => $run,
            Elements::F16(x) => {
                let $source = $crate::formats::Wide::<$crate::formats::F16, 2>::new(x);
                $run
            }
            Elements::BF16(x) => {
                let $source = $crate::formats::Wide::<$crate::formats::BFloat16, 2>::new(x);
                $run
            }
            Elements::F64(x) => {
                let $source = $crate::formats::Wide::<$crate::formats::F64, 8>::new(x);
                $run
            }
            Elements::I8(x) => {
                let $source = $crate::formats::Wide::<$crate::integers::I8, 1>::new(x.as_chunks().0);
                $run
            }
            Elements::U8(x) => {
                let $source = $crate::formats::Wide::<$crate::integers::U8, 1>::new(x.as_chunks().0);
                $run
            }
            Elements::I4(x) => {
                let $source = $crate::formats::Narrow::<$crate::integers::I4>::new(x);
                $run
            }
            Elements::U4(x) => {
                let $source = $crate::formats::Narrow::<$crate::integers::U4>::new(x);
                $run
            }
        }
    };
}
pub(crate) use with_source;
