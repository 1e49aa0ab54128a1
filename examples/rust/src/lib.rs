//! The network of examples/xor.keras, which kgen compiled to C, behind a safe function.

use std::error;
use std::fmt;

/// Elements of the model's input and output: those of xor.h.
pub const INPUTS: usize = 2;
pub const OUTPUTS: usize = 1;

/// What the C returned instead of XOR_OK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// An index (an embedding's id, say) is out of range.
    Index,
    Other(i32),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Error::Index => write!(f, "an index is out of range"),
            Error::Other(code) => write!(f, "xor_predict returned {}", code),
        }
    }
}

impl error::Error for Error {}

mod c {
    extern "C" {
        pub fn xor_predict(inputs: *const f32, output: *mut f32) -> i32;
        pub fn xor_predict_batch(n: usize, inputs: *const f32, output: *mut f32) -> i32;
    }
}

/// One sample. Threads may call it at the same time: its workspace is on the stack.
pub fn predict(inputs: &[f32; INPUTS]) -> Result<[f32; OUTPUTS], Error> {
    let mut output = [0.0; OUTPUTS];
    // The arrays are as long as the C expects, and don't overlap.
    checked(unsafe { c::xor_predict(inputs.as_ptr(), output.as_mut_ptr()) })?;
    Ok(output)
}

/// Several samples.
pub fn predict_batch(inputs: &[[f32; INPUTS]]) -> Result<Vec<[f32; OUTPUTS]>, Error> {
    let mut outputs = vec![[0.0; OUTPUTS]; inputs.len()];
    checked(unsafe {
        c::xor_predict_batch(inputs.len(), inputs.as_ptr().cast(), outputs.as_mut_ptr().cast())
    })?;
    Ok(outputs)
}

fn checked(code: i32) -> Result<(), Error> {
    match code {
        0 => Ok(()),
        2 => Err(Error::Index),
        _ => Err(Error::Other(code)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: [([f32; 2], f32); 4] =
        [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)];

    #[test]
    fn one_sample() {
        for (inputs, expected) in TABLE {
            assert_eq!(predict(&inputs).unwrap()[0].round(), expected);
        }
    }

    #[test]
    fn a_batch_is_its_samples() {
        let inputs: Vec<_> = TABLE.iter().map(|row| row.0).collect();
        let outputs = predict_batch(&inputs).unwrap();
        for (inputs, output) in inputs.iter().zip(&outputs) {
            assert_eq!(predict(inputs).unwrap(), *output);
        }
        assert!(predict_batch(&[]).unwrap().is_empty());
    }

    #[test]
    fn threads_at_the_same_time() {
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(|| (0..10_000).map(|_| predict(&[1.0, 0.0]).unwrap()[0]).fold(0.0, f32::max)))
            .collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), predict(&[1.0, 0.0]).unwrap()[0]);
        }
    }

    #[test]
    fn errors_are_values() {
        assert_eq!(checked(2), Err(Error::Index));
        assert_eq!(Error::Other(1).to_string(), "xor_predict returned 1");
    }
}
