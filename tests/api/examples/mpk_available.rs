//! Whether the engine can tell memories of a pool apart by protection keys. (The answer is the
//! machine's and the engine's, so it is not printed.)

use wasmtime::*;

pub fn main() -> Result<()> {
    let available = PoolingAllocationConfig::are_memory_protection_keys_available();
    let mut pool = PoolingAllocationConfig::new();
    pool.max_memory_size(1 << 20).total_memories(10);
    pool.memory_protection_keys(if available { Enabled::Auto } else { Enabled::Yes });
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    println!("an engine as asked: {}", Engine::new(&config).is_ok() == available);
    Ok(())
}
