/* An edit is a number: the program without one is built with -DEDIT=0. */
#define EITHER(edit, honest, edited) (EDIT == (edit) ? (edited) : (honest))
