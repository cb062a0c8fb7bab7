;; Functions for edits (`../equal_edits.rs`): short, so that runs come to all of their code, and each with
;; other instructions. Memory is entered at small addresses, so that accesses go through or fault.
(module
  (type $binary (func (param i32 i32) (result i32)))
  (import "e" "f" (func $f (param i32 i64) (result i32)))
  (import "e" "g" (func $g (param f64 f32) (result f64)))
  (memory 1)
  (table $t 8 funcref)
  (global $a (mut i32) (i32.const 1))
  (global $b (mut i64) (i64.const 2))
  (global $c (mut f64) (f64.const 3))
  (elem (i32.const 0) $sum $mix)

  (func $sum (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
  (func $mix (param i32 i32) (result i32)
    local.get 0 i32.const 7 i32.mul local.get 1 i32.const 3 i32.shl i32.sub
    local.get 0 local.get 1 i32.xor i32.and i32.const 255 i32.or)
  (func (param i64 i64) (result i64)
    local.get 0 local.get 1 i64.mul local.get 0 i64.const 13 i64.rotl i64.add
    local.get 1 i64.const 5 i64.shr_s i64.xor local.get 0 i64.const 0x1234567812345678 i64.and i64.or)
  (func (param i32 i32) (result i32)
    local.get 0 local.get 1 i32.shl local.get 0 local.get 1 i32.shr_u i32.add
    local.get 0 local.get 1 i32.shr_s i32.sub local.get 0 local.get 1 i32.rotr i32.xor)
  (func (param i64 i64) (result i64)
    local.get 0 local.get 1 i64.shl local.get 0 local.get 1 i64.shr_u i64.add
    local.get 0 local.get 1 i64.rotl i64.sub)
  (func (param i32 i32) (result i32)
    local.get 0 i32.clz local.get 1 i32.ctz i32.add local.get 0 i32.popcnt i32.sub
    local.get 1 i32.extend8_s i32.add local.get 0 i32.extend16_s i32.xor)
  (func (param i64) (result i64)
    local.get 0 i64.extend32_s local.get 0 i64.ctz i64.add local.get 0 i64.clz i64.mul
    local.get 0 i32.wrap_i64 i64.extend_i32_s i64.sub)
  (func (param i32 i32) (result i32)
    local.get 0 local.get 1 i32.lt_s local.get 0 local.get 1 i32.gt_u i32.shl
    local.get 0 i32.eqz i32.or local.get 0 local.get 1 i32.le_u i32.add local.get 1 i32.const 9 i32.ge_s i32.add)
  (func (param i64 i64 i32) (result i64)
    local.get 0 local.get 1 local.get 2 select
    local.get 1 local.get 0 local.get 0 local.get 1 i64.lt_s select i64.add
    local.get 0 i64.const 3 local.get 2 i32.const 100 i32.lt_u select i64.sub)
  (func (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_u local.get 0 local.get 1 i32.rem_u i32.add)
  (func (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
  (func (param i64 i64) (result i64) local.get 0 local.get 1 i64.rem_s)
  (func (param i32) (result i32) local.get 0 i32.const 10 i32.div_u local.get 0 i32.const 8 i32.div_s i32.add)
  (func (param i32) (result i32) local.get 0 i32.const 7 i32.rem_s local.get 0 i32.const 1000 i32.rem_u i32.xor)
  (func (param i32) (result i32) local.get 0 i32.load offset=4 local.get 0 i32.load8_u i32.add local.get 0 i32.load16_s offset=2 i32.sub)
  (func (param i32) (result i64) local.get 0 i64.load offset=16 local.get 0 i64.load8_s i64.add local.get 0 i64.load32_u offset=8 i64.xor)
  (func (param i32 i32) local.get 0 local.get 1 i32.store local.get 0 local.get 1 i32.store8 offset=9 local.get 0 i32.const 5 i32.store16 offset=12)
  (func (param i32 i64) local.get 0 local.get 1 i64.store offset=8 local.get 0 i32.const 8 i32.add local.get 1 i64.store32)
  (func (param i32 i32) (result i32)
    local.get 0 i32.load local.get 1 local.get 0 i32.load offset=4 i32.const 1 i32.add i32.store local.get 0 i32.load i32.add)
  (func (param i32 i32) local.get 0 local.get 0 i32.load local.get 1 i32.add i32.store)
  (func (param i32) (result i32) (local i32)
    (loop local.get 1 local.get 0 i32.add local.set 1 local.get 0 i32.const 1 i32.sub i32.const 31 i32.and local.tee 0 br_if 0) local.get 1)
  (func (param i32 i32) (result i32) (local i32)
    (loop local.get 2 local.get 0 i32.load i32.add local.set 2 local.get 0 i32.const 4 i32.add local.set 0
      local.get 1 i32.const 15 i32.and i32.const 1 i32.sub local.tee 1 i32.const 0 i32.gt_s br_if 0) local.get 2)
  (func (param i32 i32 i32) (result i32) (local i32)
    (loop local.get 0 local.set 3 local.get 1 local.set 0 local.get 3 local.set 1
      local.get 2 i32.const 7 i32.and i32.const 1 i32.sub local.tee 2 i32.const 0 i32.gt_s br_if 0) local.get 0)
  (func (param i32) (result i32)
    (block (block (block (block (br_table 0 1 2 3 (local.get 0))) (return (i32.const 11))) (return (i32.const 22)))
      (return (local.get 0))) i32.const 44)
  (func (param i32) (result i32) (if (result i32) (local.get 0) (then local.get 0 i32.const 3 i32.mul) (else i32.const -5)))
  (func (param i32 i32) (result i32)
    (if (i32.and (i32.lt_u (local.get 0) (i32.const 100)) (i32.ne (local.get 1) (i32.const 0))) (then unreachable))
    local.get 0)
  (func (param i32 i64) (result i32) local.get 0 local.get 1 call $f local.get 0 i32.add)
  (func (param i32) (result i32) (local i32)
    local.get 0 i64.const 5 call $f local.set 1 local.get 1 local.get 0 i32.add i64.const 6 call $f local.get 1 i32.sub)
  (func (param f64 f32) (result f64) local.get 0 local.get 1 call $g local.get 0 f64.add)
  (func (param i32 i32) (result i32) local.get 1 local.get 0 local.get 0 i32.const 3 i32.and call_indirect (type $binary))
  (func (param i32 i32) (result i32) local.get 0 local.get 1 return_call $sum)
  (func (param i32) (result i32) global.get $a local.get 0 global.set $a global.get $a i32.add global.get $b i32.wrap_i64 i32.sub)
  (func (param f64) (result i64) global.get $c local.get 0 f64.mul global.set $c global.get $b i64.const 1 i64.add global.set $b global.get $b)
  (func (param f64 f64) (result f64) local.get 0 local.get 1 f64.add local.get 0 local.get 1 f64.mul f64.sub local.get 1 f64.div f64.sqrt)
  (func (param f32 f32) (result f32) local.get 0 f32.abs local.get 1 f32.neg f32.mul local.get 0 local.get 1 f32.copysign f32.add)
  (func (param f64 f64) (result i32)
    local.get 0 local.get 1 f64.lt local.get 0 local.get 1 f64.eq i32.or local.get 0 local.get 1 f64.ge i32.add local.get 0 local.get 1 f64.ne i32.shl)
  (func (param f64 f64) (result i32) (if (result i32) (f64.lt (local.get 0) (local.get 1)) (then i32.const 1) (else i32.const 2)))
  (func (param f64) (result f32) local.get 0 f64.floor local.get 0 f64.ceil f64.add f32.demote_f64 f32.trunc)
  (func (param i32 i64) (result f64) local.get 0 f64.convert_i32_s local.get 1 f64.convert_i64_s f64.add local.get 0 f64.convert_i32_u f64.mul)
  (func (param f64) (result i32) local.get 0 i32.trunc_sat_f64_s)
  (func (param f32 f64) (result i64) local.get 0 i32.reinterpret_f32 i64.extend_i32_u local.get 1 i64.reinterpret_f64 i64.xor)
  (func (result i32) memory.size i32.const 1 memory.grow i32.add)
  (func (param i32) local.get 0 i32.const 0 i32.const 24 memory.fill)
  (func (param i32 i32) local.get 0 local.get 1 i32.const 20 memory.copy)
  (func (param i32 i32 i32) local.get 0 local.get 1 local.get 2 memory.copy)
  (func (param i32) (result i32) local.get 0 table.get $t ref.is_null)
  (func (param i32 i32) local.get 0 local.get 1 table.get $t table.set $t)
  (func (param i32 i32 i32 i32 i32 i32 i32) (result i32)
    local.get 0 local.get 4 i32.add local.get 5 i32.sub local.get 6 i32.mul local.get 3 i32.xor)
  (func (param i32 i32) (result i32 i32) local.get 1 local.get 0)
  (func (param i32) (result i32)
    local.get 0 i32.const 48 i32.sub i32.const 10 i32.lt_u local.get 0 i32.const 32 i32.or i32.const 97 i32.sub i32.const 26 i32.lt_u i32.or)
  (func (param i64 i64) (result i32) local.get 0 local.get 1 i64.add local.get 0 i64.lt_u local.get 1 i64.const 32 i64.shr_u i64.const 5 i64.eq i32.add)
  (func (param i32 i32) (result i32) (local i32)
    (block (loop local.get 2 local.get 1 i32.const 15 i32.and i32.ge_u br_if 1
      local.get 0 local.get 2 i32.add i32.load8_u i32.eqz br_if 1 local.get 2 i32.const 1 i32.add local.set 2 br 0)) local.get 2)
  (func (param i32 i32) (result i32) (local i32 i32)
    local.get 0 i32.load8_u local.set 2 local.get 0 i32.load8_s offset=4 local.set 3 local.get 1 i32.const 7 i32.and local.set 1
    (block (loop local.get 1 i32.eqz br_if 1 local.get 1 i32.const 1 i32.sub local.set 1 br 0))
    local.get 2 i32.const 255 i32.and local.get 3 i32.extend8_s i32.add)
  (func (param i32) (result i32) local.get 0 i32.const -10 i32.div_s i32.const 1 i32.add local.get 0 i32.const -8 i32.div_s i32.xor)
  (func (param i64) (result i64) local.get 0 i64.const -7 i64.div_s local.get 0 i64.const -100 i64.rem_s i64.sub)
  (func (param i32 i32) (result i32)
    (if (result i32) (i32.mul (local.get 0) (i32.const 5)) (then local.get 1) (else i32.const 3))
    local.get 0 i32.const 3 i32.mul i32.const 6 i32.eq i32.add)
  (func (param i32) (result i32)
    local.get 0 i32.const 0xffff i32.and i32.const 18 i32.and i32.eqz local.get 0 i32.const 0x2d i32.and i32.const 0x25 i32.eq i32.add)
  (func (param f64) (result i32) local.get 0 i64.trunc_sat_f64_s i32.wrap_i64)
  ;; Loads of bytes that were accessed before: behind a merge, in a loop, behind a store to a part of them.
  (func (param i32 i32) (result i32)
    (if (result i32) (local.get 1)
      (then local.get 0 i32.load i32.const 1 i32.add) (else local.get 0 i32.load i32.const 3 i32.mul))
    local.get 0 i32.load i32.add)
  (func (param i32 i32 i32) (result i32) (local i32) local.get 0 i32.load local.set 3
    (loop local.get 3 local.get 1 i32.load local.get 0 i32.load i32.add i32.add local.set 3
      local.get 1 i32.const 4 i32.add local.set 1
      local.get 2 i32.const 7 i32.and i32.const 1 i32.sub local.tee 2 i32.const 0 i32.gt_s br_if 0) local.get 3)
  (func (param i32 i32 i32) (result i64) (local i64) local.get 0 i64.load local.set 3
    (if (local.get 1) (then local.get 0 local.get 2 i32.store8 offset=3) (else local.get 0 i64.const 9 i64.store))
    local.get 0 i64.load local.get 3 i64.add local.get 0 i64.load16_u offset=6 i64.add)
  (func (param i32 i32) (result i32) (local i32) local.get 0 i32.load8_u local.set 2
    (block (loop local.get 1 i32.const 3 i32.and i32.eqz br_if 1
      local.get 0 i32.load8_s local.get 2 i32.add local.set 2
      i32.const 0 memory.grow drop local.get 1 i32.const 1 i32.sub local.set 1 br 0))
    local.get 2 local.get 0 i32.load8_u i32.add)
  ;; Choices of numbers, extended, masked and in sums.
  (func (param i32) (result i64) i32.const -13 i32.const 38 local.get 0 select i64.extend_i32_s)
  (func (param i32) (result i64) i32.const 13 i32.const 38 local.get 0 i32.const 7 i32.lt_s select i64.extend_i32_u)
  (func (param i32 i32) (result i32) i32.const 0x35 i32.const 0x1a local.get 0 select i32.const 0x15 i32.and
    local.get 1 i32.const 1 local.get 0 i32.eqz i32.sub i32.add i32.add)
  (func (param i32 i32) (result i32)
    local.get 0 i32.eqz local.get 0 local.get 1 i32.lt_u local.get 1 select
    i32.const 3 i32.const 5 local.get 0 local.get 1 i32.lt_s select i32.add)
  ;; The least and the greatest of floats, with NaN and without; conversions of a known sign.
  (func (param f64 f64) (result f64) local.get 0 local.get 1 f64.min local.get 1 local.get 0 f64.max f64.sub)
  (func (param f32 f32) (result f32)
    (if (f32.ne (local.get 0) (local.get 0)) (then f32.const 2 return))
    (if (f32.ne (local.get 1) (local.get 1)) (then f32.const 3 return))
    local.get 0 local.get 1 f32.max)
  (func (param f32) (result i32)
    (if (result i32) (f32.gt (local.get 0) (f32.const -1)) (then local.get 0 i32.trunc_sat_f32_s) (else i32.const 7)))
  (func (param f64) (result i64) local.get 0 i64.trunc_sat_f64_u)
)
