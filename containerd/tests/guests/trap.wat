(module (func $deep (unreachable)) (func (export "_start") (call $deep)))
