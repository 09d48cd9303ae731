# SPDX-FileCopyrightText: 2026 the moonflash authors
# SPDX-License-Identifier: GPL-2.0-or-later

# cmake --build build --target dist: the archive of a release, build/NAME.tar.gz. In a clone it has the files of the last
# commit, elsewhere the files of the tree without what a build adds (.gitignore).
#   TREE BUILD   folders
#   NAME         of the folder in the archive

function(archive_commit)
  execute_process(COMMAND git archive --format=tar.gz "--prefix=${NAME}/" -o "${BUILD}/${NAME}.tar.gz" HEAD
    WORKING_DIRECTORY "${TREE}" RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "git archive: ${failed}")
  endif()
endfunction()

function(archive_tree)
  set(copy "${BUILD}/dist/${NAME}")
  file(REMOVE_RECURSE "${copy}")
  file(GLOB entries RELATIVE "${TREE}" "${TREE}/*" "${TREE}/.*")
  foreach(entry IN LISTS entries)
    if(NOT entry MATCHES "^(build.*|doc|debian|obj-.*)$" AND NOT "${TREE}/${entry}" STREQUAL "${BUILD}")
      file(COPY "${TREE}/${entry}" DESTINATION "${copy}")
    endif()
  endforeach()
  execute_process(COMMAND ${CMAKE_COMMAND} -E tar czf "${BUILD}/${NAME}.tar.gz" "${NAME}"
    WORKING_DIRECTORY "${BUILD}/dist" RESULT_VARIABLE failed)
  file(REMOVE_RECURSE "${BUILD}/dist")
  if(failed)
    message(FATAL_ERROR "cmake -E tar: ${failed}")
  endif()
endfunction()

if(EXISTS "${TREE}/.git")
  archive_commit()
else()
  archive_tree()
endif()
message(STATUS "Made: ${BUILD}/${NAME}.tar.gz")
