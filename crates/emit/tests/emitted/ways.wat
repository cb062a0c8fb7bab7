;; Functions whose emission was refused once, since a join of one side stood for its edges where
;; that of the other was a place. Made smaller from generated ones.
(module
  (type $t (func (param i32) (result i32)))
  (type $l (func (result i64)))
  (global $number (mut i32) (i32.const 11))
  (table 3 funcref)
  (tag $e (param i64 i32))

  ;; A join of three edges, which Wasm makes in two steps, leads to a header.
  (func $stepwise (param i32) (result i32) (local i32 i32 (ref null $t))
    block (result i32 i64 exnref)
      i32.const 0 i64.const 2 ref.null exn local.get 1 br_if 0
      drop drop drop
      block
        local.get 0 local.set 1
        i32.const 0 i64.const 0 ref.null exn local.get 3 br_on_null 1
        drop drop drop drop
      end
      i32.const 0 i64.const 0 ref.null exn
    end
    local.get 1 i32.const 0
    loop (param i32 i32)
      local.get 2 local.get 0 local.get 1 i32.le_u drop i32.const 0 br_if 0
      drop drop return
    end
    unreachable)

  ;; A header to which two edges lead from before.
  (func $twofold (param i32) (local i32 i32 i32)
    i32.const 0
    if (result i32)
      return
    else
      local.get 1
    end
    block (result funcref)
      ref.null func br_on_non_null 0 local.get 0 local.set 2 ref.null func
    end
    loop (param i32 funcref) (result i32)
      loop (result i32 i32 i32)
        local.get 1 local.get 3 i32.and br_if 0 local.get 1 local.get 1 local.get 1
      end
      ref.null func local.get 1 local.get 0 i32.and br_if 0
      local.get 2 global.set $number
      i32.const 1 local.set 2
      local.get 3 i32.const 0 i32.add local.set 3
      i32.const 0
      if
        return
      end
      i32.const 0 br_if 0
      return
    end
    drop)

  ;; Two ways of a table lead through a join to where the third one leads at once.
  (func $table (param i32 f32 i32 f32) (result i32) (local i32 exnref i32)
    loop (result i32)
      block
        block
          try_table (catch_all 1) (catch_all 0)
            i32.const 7 i32.const 0
            if (param i32) (result exnref)
              br_table 1 3 1
            else
              local.get 4 local.set 2 drop local.get 5
            end
            drop
          end
        end
      end
      local.get 2 br_if 0 i32.const 0
    end)

  ;; A clause of two calls leads to a header, of which one parameter gets a constant on the way.
  (func $constant (param i32 i32 i32 i32) (result i32 i32) (local exnref)
    loop
      i32.const 0
      if
        local.get 0 local.get 2 return
      end
      block (result i64 i32 exnref)
        try_table (catch_ref $e 0) (catch_all 1)
          i32.const 7 local.tee 0 i32.const 0
          if
            local.get 4 throw_ref
          end
          local.get 3 local.set 2 call_indirect (type $l)
          unreachable
        end
        unreachable
      end
      unreachable
    end
    unreachable)

  ;; Two parameters of a join get one value on one edge, and one of them gets it on both.
  (func $same (param i32)
    block (result i32 i32)
      local.get 0 local.get 0 i32.const 0 br_if 0
      drop i32.const 0
    end
    global.set $number global.set $number)

  ;; A clause of two calls computes with what its handler gives, and leads on to a header.
  (func $computed (param i32 i32 i32) (result i32)
    block
      try_table (catch_all 0)
        i32.const 0 call_indirect (type $l) drop
        local.get 1 local.set 0
        i32.const 0 call_indirect (type $l) drop
        local.get 2 return
      end
      unreachable
    end
    local.get 0 local.get 1 i32.and
    loop (param i32)
      global.set $number
      local.get 0 global.set $number
      local.get 2
      local.get 2 i32.const 1 i32.sub local.tee 2
      br_if 0
      drop
    end
    local.get 0)

  ;; A constant that a call gives its handler is made once more behind the clause, for the local
  ;; in which the handler's value lies.
  (func $made (param i64 i64 i32) (result i64) (local i64)
    i64.const -1 local.set 3
    loop
      local.get 2 i32.eqz if local.get 1 return end
      local.get 0 i32.wrap_i64 global.set $number
      block
        try_table (catch_all 0)
          local.get 2
          if
            i64.const 0 i32.const 0 throw $e
          end
          local.get 3 local.set 0
          i32.const 0 call_indirect (type $l) drop
        end
        local.get 3 local.tee 0 local.set 1
        br 1
      end
      local.get 3 local.set 1
      br 0
    end
    unreachable))
