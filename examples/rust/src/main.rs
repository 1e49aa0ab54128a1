//! Prints what the network makes of all four inputs.

fn main() -> Result<(), exclusive_or::Error> {
    for inputs in [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]] {
        let [output] = exclusive_or::predict(&inputs)?;
        println!("{} xor {} = {:.0}", inputs[0], inputs[1], output);
    }
    Ok(())
}
