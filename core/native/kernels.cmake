# The kernels, compiled once for each instruction set, as a function: thalweg_add_kernels(TARGET).

include(CheckCXXCompilerFlag)
set(THALWEG_OPTIMIZATION -O3 CACHE STRING "How hard the compiler works on kernels")

# A file in kernels/ that calls KERNEL_TABLE(name, …) is found by its own name; tables.inc lists them.
set(THALWEG_SOURCES ${CMAKE_CURRENT_LIST_DIR})
file(GLOB KERNEL_FILES CONFIGURE_DEPENDS ${THALWEG_SOURCES}/kernels/*.cpp)
set(FAMILIES)
foreach(file ${KERNEL_FILES})
  file(STRINGS ${file} table REGEX "^KERNEL_TABLE\\(")
  if(table)
    get_filename_component(family ${file} NAME_WE)
    list(APPEND FAMILIES ${family})
  endif()
endforeach()

# No product joins a sum in one rounding: random numbers are the same with every instruction set, and
# operations that stand together give what they give alone.
set_source_files_properties(
  ${THALWEG_SOURCES}/kernels/distributions.cpp ${THALWEG_SOURCES}/kernels/composites.cpp
  PROPERTIES COMPILE_OPTIONS -ffp-contract=off)

# No LTO, and no C++ library in kernels/: code made for AVX-512 must not leak into functions that also
# run on older processors. One source for all, see vec.h.
function(thalweg_kernels_of target isa)
  set(files ${KERNEL_FILES})
  set(families ${FAMILIES})
  if(isa STREQUAL amx)  # over those of AVX-512: what multiplies in bfloat16
    list(FILTER files INCLUDE REGEX "/bfloat_[a-z]*\\.cpp$")
    list(FILTER families INCLUDE REGEX "^bfloat_")
  endif()
  add_library(kernels_${isa} OBJECT ${files})
  target_compile_definitions(kernels_${isa} PRIVATE THALWEG_ISA=${isa})
  target_compile_options(kernels_${isa} PRIVATE
    ${THALWEG_OPTIMIZATION} -fwrapv -fno-math-errno -fno-trapping-math -ffp-contract=fast
    -fno-exceptions -fno-rtti -fno-threadsafe-statics -Wall -Wextra -Wno-psabi -Wno-unused-function ${ARGN})
  set_target_properties(kernels_${isa} PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden)
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:kernels_${isa}>)
  string(TOUPPER ${isa} up)
  target_compile_definitions(${target} PRIVATE THALWEG_HAVE_${up})
  set(list)
  foreach(family ${families})
    string(APPEND TABLES "extern const KernelTable thalweg_${family}_${isa};\n")
    list(APPEND list "&thalweg_${family}_${isa}")
  endforeach()
  list(JOIN list ", " joined)
  string(APPEND TABLES "#define TABLES_${isa} ${joined}\n")
  set(TABLES "${TABLES}" PARENT_SCOPE)
endfunction()

# Tests that only need some engine compile a third of it.
option(THALWEG_BASELINE_ONLY "Compile kernels for the oldest processors alone" OFF)

# Adds the kernels, and the choice among them, to a target.
function(thalweg_add_kernels target)
  set(TABLES "extern \"C\" {\n")
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
    thalweg_kernels_of(${target} neon)  # every such processor has it
  else()
    thalweg_kernels_of(${target} baseline)
  endif()
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND NOT THALWEG_BASELINE_ONLY)
    thalweg_kernels_of(${target} avx2 -mavx2 -mfma)
    set(avx512 -mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma -mprefer-vector-width=512)
    thalweg_kernels_of(${target} avx512 ${avx512})
    check_cxx_compiler_flag("-mamx-tile -mamx-bf16 -mavx512bf16" THALWEG_COMPILES_AMX)
    if(THALWEG_COMPILES_AMX)
      thalweg_kernels_of(${target} amx ${avx512} -mamx-tile -mamx-bf16 -mavx512bf16)
    endif()
  endif()
  file(GENERATE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/tables.inc CONTENT "${TABLES}}\n")
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR} ${THALWEG_SOURCES})
  target_sources(${target} PRIVATE
    ${THALWEG_SOURCES}/dispatch.cpp ${THALWEG_SOURCES}/pool.cpp ${THALWEG_SOURCES}/watch.cpp)
  target_link_libraries(${target} PRIVATE Threads::Threads)
endfunction()
