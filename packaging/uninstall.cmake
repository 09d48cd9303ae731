# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# cmake --build build --target uninstall: removes the files that the last `cmake --install build` wrote, by its list,
# and the folders named moonflash or moonflash-deploy that are empty then. Folders that other programs share stay.
#   LIST     install_manifest.txt
#   PREFIX   a folder above it is never one of ours

# Sets `ours` to whether there is a folder moonflash or moonflash-deploy below the prefix in this path.
function(is_ours folder)
  string(FIND "${folder}/" "$ENV{DESTDIR}${PREFIX}/" at)
  if(at EQUAL 0)
    string(LENGTH "$ENV{DESTDIR}${PREFIX}" length)
    string(SUBSTRING "${folder}" ${length} -1 folder)
  endif()
  if(folder MATCHES "/moonflash(/|$)")
    set(ours TRUE PARENT_SCOPE)
  else()
    set(ours FALSE PARENT_SCOPE)
  endif()
endfunction()

# Removes a folder of ours and those above it, as far as they are empty.
function(remove_empty folder)
  is_ours("${folder}")
  while(ours)
    file(GLOB rest "${folder}/*" "${folder}/.*")
    if(rest OR NOT IS_DIRECTORY "${folder}")
      return()
    endif()
    file(REMOVE_RECURSE "${folder}")
    get_filename_component(folder "${folder}" DIRECTORY)
    is_ours("${folder}")
  endwhile()
endfunction()

if(NOT EXISTS "${LIST}")
  message(FATAL_ERROR "nothing was installed from this build folder: there is no ${LIST}")
endif()
file(STRINGS "${LIST}" paths ENCODING UTF-8)
foreach(path IN LISTS paths)
  set(path "$ENV{DESTDIR}${path}")
  file(REMOVE "${path}")
  if(EXISTS "${path}" OR IS_SYMLINK "${path}")
    message(FATAL_ERROR "cannot remove ${path}")
  endif()
  message(STATUS "Removed: ${path}")
endforeach()
foreach(path IN LISTS paths)
  get_filename_component(folder "$ENV{DESTDIR}${path}" DIRECTORY)
  remove_empty("${folder}")
endforeach()
file(REMOVE "${LIST}")
