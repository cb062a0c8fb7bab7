/* No exceptions: an error of the program ends it. */
#pragma once
typedef int jmp_buf[1];
