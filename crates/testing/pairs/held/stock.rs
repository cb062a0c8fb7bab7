//! Exports for a host: goods with sizes and prices. An edit is a number.

trait Priced {
    fn price(&self, count: u32) -> u32;
    fn size(&self) -> u32;
}

struct Apple;
struct Brick(u32);
struct Cloth {
    width: u32,
    length: u32,
}

impl Priced for Apple {
    fn price(&self, count: u32) -> u32 {
        if count > if cfg!(edit = "1") { 12 } else { 10 } { count * 2 } else { count * 3 }
    }
    fn size(&self) -> u32 {
        1
    }
}

impl Priced for Brick {
    fn price(&self, count: u32) -> u32 {
        count * self.0
    }
    fn size(&self) -> u32 {
        self.0.pow(2)
    }
}

impl Priced for Cloth {
    fn price(&self, count: u32) -> u32 {
        count * if cfg!(edit = "2") { self.length } else { self.width }
    }
    fn size(&self) -> u32 {
        self.width * self.length
    }
}

static CLOTH: Cloth = Cloth { width: 7, length: 11 };
static BRICK: Brick = Brick(5);
static GOODS: [&(dyn Priced + Sync); 3] = if cfg!(edit = "3") { [&Apple, &CLOTH, &BRICK] } else { [&Apple, &BRICK, &CLOTH] };

#[unsafe(no_mangle)]
pub extern "C" fn price(kind: u32, count: u32) -> u32 {
    let good = GOODS[kind as usize % GOODS.len()];
    if cfg!(edit = "4") { good.size() } else { good.price(count) }
}

#[unsafe(no_mangle)]
pub extern "C" fn room(count: u32) -> u32 {
    let mut boxes: Vec<u32> = Vec::new();
    for i in 0..count {
        let size = GOODS[i as usize % 3].size();
        match boxes.last_mut() {
            Some(last) if *last + size <= if cfg!(edit = "5") { 103 } else { 100 } => *last += size,
            _ => boxes.push(size),
        }
    }
    boxes.iter().fold(0, |sum, size| sum * 3 + size)
}

#[unsafe(no_mangle)]
pub extern "C" fn pick(place: u32) -> u32 {
    let rows: Vec<u32> = (0..5).map(|row| row * 100).collect();
    if cfg!(edit = "6") {
        rows.get(place as usize).copied().unwrap_or(9)
    } else {
        rows[place as usize]
    }
}
