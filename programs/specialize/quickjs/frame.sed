# quickjs.c: the loop of JS_CallInternal, from `restart:` to `exception:`, as the body of a frame
# that is specialised. Each change of the program counter tells it; code and constants are
# parameters; what a frame rarely needs is in its record.
s/\*pc++/FETCH()/g
s/\bpc += \([^;]*\);/STEP(\1);/g
s/\bpc = b->byte_code_buf + pos;/goto leave;/
s/\bb->byte_code_buf\b/code/g
s/\bb->cpool\[/constants[/g
s/\bargc\b/frame->argc/g
s/\bargv\b/frame->argv/g
s/\bthis_obj\b/frame->this_obj/g
s/\bnew_target\b/frame->new_target/g
s/\bfunc_obj\b/frame->func_obj/g
s/\bcaller_ctx\b/frame->caller_ctx/g
s/\bgoto done_generator\b/goto leave/
