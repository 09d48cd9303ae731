# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# The core once more, under AddressSanitizer, LeakSanitizer and UndefinedBehaviorSanitizer whatever the
# build is: for its unit tests, for what fuzzing has kept, and for a whole update (checked/).
include(CheckCSourceCompiles)
option(MOONFLASH_FUZZ "build the fuzz targets for libFuzzer (needs clang)" OFF)

set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
set(CMAKE_REQUIRED_FLAGS -fsanitize=address,undefined)
check_c_source_compiles("int main(void) { return 0; }" HAVE_SANITIZERS)
unset(CMAKE_REQUIRED_FLAGS)
# their memory map is not for emulators
if(NOT HAVE_SANITIZERS OR CMAKE_CROSSCOMPILING)
  set(sanitizers)
endif()
if(MOONFLASH_FUZZ)
  set(coverage -fsanitize=fuzzer-no-link)
  set(fuzz_main -fsanitize=fuzzer)
else()
  set(fuzz_replay fuzz/replay.c)
endif()

# All sources of the modules there are.
foreach(part protocol stream core port qmi archive)
  if(TARGET ${part})
    get_target_property(sources ${part} SOURCES)
    list(APPEND core_sources ${sources})
    get_target_property(libraries ${part} LINK_LIBRARIES)
    list(APPEND core_libraries ${libraries})
  endif()
endforeach()
list(REMOVE_DUPLICATES core_sources)
list(REMOVE_DUPLICATES core_libraries)
list(REMOVE_ITEM core_libraries protocol stream)
list(TRANSFORM core_sources PREPEND ${CMAKE_SOURCE_DIR}/)

add_library(sanitized_core OBJECT ${core_sources})
target_compile_options(sanitized_core PUBLIC -O1 -g1 ${sanitizers} PRIVATE ${coverage})
target_link_options(sanitized_core PUBLIC ${sanitizers})
target_include_directories(sanitized_core PRIVATE ${LUA_INCLUDE_DIRS})
target_link_libraries(sanitized_core PUBLIC ${core_libraries})
add_library(sanitized STATIC $<TARGET_OBJECTS:sanitized_core>)
target_compile_options(sanitized PUBLIC -O1 -g1 ${sanitizers})
target_link_options(sanitized PUBLIC ${sanitizers} LINKER:--as-needed)
target_link_libraries(sanitized PUBLIC ${core_libraries})

# --- fuzzing: what was found worth keeping, given to its target again ---------------------------------

# fuzz_target NAME: fuzz/NAME.c
function(fuzz_target name)
  add_executable(fuzz_${name} fuzz/${name}.c ${fuzz_replay})
  target_include_directories(fuzz_${name} PRIVATE ${CMAKE_SOURCE_DIR}/core ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_options(fuzz_${name} PRIVATE ${coverage})
  target_link_libraries(fuzz_${name} PRIVATE sanitized)
  target_link_options(fuzz_${name} PRIVATE ${fuzz_main})
endfunction()

# fuzz_test NAME PROGRAM
function(fuzz_test name program)
  add_test(NAME fuzz_${name} COMMAND ${program} tests/fuzz/corpus/${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(fuzz_${name} PROPERTIES TIMEOUT 120 LABELS unit
    ENVIRONMENT "${test_environment};FUZZ_TARGET=${name}")
endfunction()

foreach(name hdlc qdl sahara firehose cwe nvup)
  fuzz_target(${name})
  fuzz_test(${name} fuzz_${name})
endforeach()

# The targets in Lua share one program.
if(sanitizers)
  set(lua_targets qmi at sysfs)
  if(TARGET archive)
    list(APPEND lua_targets zip)
  endif()
  fuzz_target(lua)
  target_link_libraries(fuzz_lua PRIVATE PkgConfig::LUA)
  target_compile_definitions(fuzz_lua PRIVATE $<$<NOT:$<TARGET_EXISTS:archive>>:MF_WITHOUT_ARCHIVE>)
  foreach(name ${lua_targets})
    fuzz_test(${name} fuzz_lua)
  endforeach()
endif()

# --- unit tests of the core and a whole update, where the build itself is not sanitized -------------------

if(sanitizers AND NOT MOONFLASH_SANITIZE)
  foreach(name crc hdlc qdl sahara firehose cwe nvup nvup_entries conversation tap transfer transfer_faults port)
    add_executable(sanitized_${name} unit/test_${name}.c)
    target_include_directories(sanitized_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
    target_link_libraries(sanitized_${name} PRIVATE sanitized)
    add_test(NAME sanitized_${name} COMMAND sanitized_${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(sanitized_${name} PROPERTIES TIMEOUT 120 LABELS unit)
  endforeach()

  # a program beside its modules, laid out as the build is
  set(place ${CMAKE_BINARY_DIR}/sanitized)
  add_library(sanitized_modules MODULE $<TARGET_OBJECTS:sanitized_core>)
  set_target_properties(sanitized_modules PROPERTIES PREFIX "" OUTPUT_NAME moonflash
    LIBRARY_OUTPUT_DIRECTORY ${place}/lua)
  target_link_libraries(sanitized_modules PRIVATE ${core_libraries})
  target_link_options(sanitized_modules PRIVATE ${sanitizers} LINKER:-z,nodelete)
  add_executable(sanitized_program ${CMAKE_SOURCE_DIR}/core/main.c)
  get_target_property(definitions moonflash COMPILE_DEFINITIONS)
  target_compile_definitions(sanitized_program PRIVATE ${definitions})
  set_target_properties(sanitized_program PROPERTIES OUTPUT_NAME moonflash RUNTIME_OUTPUT_DIRECTORY ${place})
  target_link_libraries(sanitized_program PRIVATE sanitized PkgConfig::LUA)
  target_link_options(sanitized_program PRIVATE LINKER:--export-dynamic)
  configure_file(${CMAKE_BINARY_DIR}/lua/moonflash/base/install.lua ${place}/lua/moonflash/base/install.lua COPYONLY)
  file(CREATE_LINK ${CMAKE_SOURCE_DIR} ${place}/source SYMBOLIC)
endif()

# checked_test NAME CHECKED: a whole update while the memory of the program is checked (checked/update_spec.lua)
function(checked_test name checked)
  add_test(NAME checked_${name} COMMAND ${LUA_PROGRAM} tests/busted.lua tests/checked/update_spec.lua
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(checked_${name} PROPERTIES TIMEOUT 900 LABELS sim
    ENVIRONMENT "${test_environment};MOONFLASH_CHECKED=${checked}")
endfunction()

if(TARGET sanitized_program)
  checked_test(sanitized ${place}/moonflash)
endif()
find_program(VALGRIND valgrind)
if(VALGRIND AND NOT MOONFLASH_SANITIZE AND NOT CMAKE_CROSSCOMPILING)
  checked_test(valgrind valgrind)
endif()
