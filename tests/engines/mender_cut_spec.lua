-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The update module's states as Mender calls them again when the power was cut: without Mender, with commands
-- that end the module at their nth call.
local clients = require "tests.packaging.clients"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local MOST_CALLS = 30

local device, work, kept

local function write(path, text)
  assert(sys.write_file(path, text))
end

local function new_device()
  device = clients.device_without_modem()
  work, kept = device.folder .. "/work", device.folder .. "/kept"
  device.environment.MOONFLASH_KEPT = kept
  for _, folder in ipairs { work .. "/tmp/images", kept } do assert(sys.make_folder(folder)) end
end

-- A rollback that failed has left its images; an earlier one, too.
local function leave_images(before)
  for _, name in ipairs { "a.cwe", "b c.nvu" } do write(work .. "/tmp/images/" .. name, "whole " .. name) end
  write(work .. "/tmp/images.before", before)
  write(kept .. "/earlier.spk", "earlier")
  write(kept .. ".before", "earlier\n")
end

local function state(name)
  return support.run({ "packaging/mender/moonflash", name, work }, { environment = device.environment })
end

-- What ends the module: before its nth command did anything, after it, or amid a copy to another file system.
local CUT = [[#!/bin/sh
calls=$FAKE/calls
echo "%s" >>"$calls"
[ "$(wc -l <"$calls")" = "$CUT_AT" ] || exec "%s" "$@"
case $CUT_WHEN in
after) "%s" "$@" ;;
amid) [ ! -f "$1" ] || { [ -d "$2" ] && head -c 3 "$1" >"$2/${1##*/}" || head -c 3 "$1" >"$2"; } ;;
esac
kill -KILL "$PPID"
]]

local function cut(call, when, far)
  device.environment.FAKE, device.environment.CUT_WHEN = device.folder, when
  device.environment.CUT_AT = tostring(call)
  for _, name in ipairs { "mv", "rm", "mkdir", "sync", "cp", "ln" } do
    clients.install(device, name, CUT:format(name, "/bin/" .. name, "/bin/" .. name))
  end
  if far then clients.install(device, "ln", "#!/bin/sh\nexit 1\n") end
end

-- Whether the module was cut: it has fewer calls when it was not.
local function is_cut(call)
  local _, calls = sys.read_file(device.folder .. "/calls"):gsub("\n", "")
  return calls == call
end

local function assert_kept(before, story)
  assert.same({ "a.cwe", "b c.nvu" }, sys.list(kept), story)
  for _, name in ipairs(sys.list(kept)) do
    assert.equal("whole " .. name, sys.read_file(kept .. "/" .. name), story)
  end
  assert.equal(before, sys.read_file(kept .. ".before"), story)
  assert.is_nil(sys.stat(kept .. ".new"), story)
  assert.same({}, sys.list(work .. "/tmp"), story)
end

-- All of it once more for each command at which it can be cut.
local function cut_everywhere(when, before, expected, far)
  for call = 1, MOST_CALLS do
    new_device()
    leave_images(before)
    cut(call, when, far)
    local run = state "ArtifactFailure"
    if not is_cut(call) then
      assert.equal(0, run.status, run.stderr)
      assert.is_true(call > 6)
      return
    end
    local story = ("cut %s call %d"):format(when, call)
    assert.equal(137, run.status, story)
    cut(0)
    assert.equal(0, state("ArtifactFailure").status, story)
    assert.equal(0, state("Cleanup").status, story)
    assert_kept(expected, story)
    support.finish()
  end
  error "it never comes to its end"
end

describe("the Mender module", function()
  after_each(support.finish)

  for _, when in ipairs { "before", "amid", "after" } do
    it("loses nothing that it keeps when the power is cut " .. when .. " a command", function()
      for _, far in ipairs { false, true } do -- on another file system nothing is linked
        cut_everywhere(when, "pair\n", "pair\n", far)
        cut_everywhere(when, "", "earlier\n", far)
      end
    end)
  end

  it("has what it keeps on the disk in the end", function()
    new_device()
    leave_images "pair\n"
    cut(0)
    assert.matches("moonflash%-deploy rollback " .. kept:gsub("%p", "%%%0"), state("ArtifactFailure").stderr)
    assert.matches("mv\nsync\n$", sys.read_file(device.folder .. "/calls"))
  end)

  it("keeps what ran before though there is no room for the images", function()
    new_device()
    leave_images "pair\n"
    clients.install(device, "ln", "#!/bin/sh\nexit 1\n")
    clients.install(device, "cp",
      '#!/bin/sh\ncase $* in *nvu*/kept.new/) exit 1 ;; esac\nexec /bin/cp "$@"\n')
    assert.are_not.equal(0, state("ArtifactFailure").status)
    assert.equal("pair\n", sys.read_file(kept .. ".before"))
    assert.same({ "earlier.spk" }, sys.list(kept))
    assert.is_nil(sys.stat(kept .. ".new"))
    assert.same({ "a.cwe", "b c.nvu" }, sys.list(work .. "/tmp/images"))
  end)

  it("mixes no images with those of a deployment that was not kept to the end", function()
    new_device()
    assert(sys.make_folder(kept .. ".new"))
    write(kept .. ".new/other.cwe", "of another deployment")
    leave_images "pair\n"
    assert.equal(0, state("ArtifactFailure").status)
    assert.same({ "a.cwe", "b c.nvu" }, sys.list(kept))
  end)
end)
