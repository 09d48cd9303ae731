-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

--- Paths below a root: "/" is the real system, any other folder is a simulated one or a test's.

local paths = {}

--- A path below a root: `below("/tmp/root/", "/proc")` is "/tmp/root/proc".
function paths.below(root, path)
  return (root:gsub("/+$", "")) .. path
end

--- A path without the root, as programs of that system use it. A path outside the root is returned as it is.
function paths.without(root, path)
  local base = paths.below(root, "/")
  return path:sub(1, #base) == base and path:sub(#base) or path
end

return paths
