# find_package(Prova) → the targets Prova::Prova (shared library) and Prova::Static (archive).
get_filename_component(_prova "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET Prova::Prova)
  add_library(Prova::Prova SHARED IMPORTED)
  set_target_properties(Prova::Prova PROPERTIES
    IMPORTED_LOCATION "${_prova}/lib/libprova_c.so"
    IMPORTED_NO_SONAME TRUE
    INTERFACE_INCLUDE_DIRECTORIES "${_prova}/include")

  # The libraries behind it are those that Rust's standard library needs; compilers add the one that
  # unwinds, which has another name with `-static`.
  add_library(Prova::Static STATIC IMPORTED)
  set_target_properties(Prova::Static PROPERTIES
    IMPORTED_LOCATION "${_prova}/lib/libprova_c.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_prova}/include"
    INTERFACE_LINK_LIBRARIES "util;rt;pthread;m;dl")
endif()

unset(_prova)
