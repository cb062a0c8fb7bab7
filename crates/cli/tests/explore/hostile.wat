;; Names that a page could take for markup, script, or the direction of text.
(module
 (func $"</script><script>document.title='pwned'</script>" (export "a\"'><img src=x onerror=document.title='pwned'>") (param $"\"<b>&" i32) (result i32) local.get 0)
 (func $"\e2\80\ae gnp.exe \e2\80\8b" (export "javascript:alert(1)") (param i32) (result i32) local.get 0 i32.const 1 i32.add)
 (func $"\1b[31mred" (export "{{7*7}}") (result i32) i32.const 7))