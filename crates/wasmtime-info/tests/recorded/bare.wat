(module (func) (func))
