-- Scripts of one's own on a simulated modem: what they return, and what is put back when they fail.
local stage = require "tests.sim.stage"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local function run(modem, text, ...)
  local path = support.folder() .. "/my.lua"
  assert(sys.write_file(path, 'local flash = require "moonflash"\n' .. text))
  return stage.moonflash(modem, "run", path, ...)
end

local function code_of(ran)
  return ran.result.failure and ran.result.failure.code
end

describe("a script that returns a function", function()
  after_each(support.finish)

  it("fails when the result that the function returns has", function()
    local modem = stage.modem "mc7455"
    local busy = run(modem, 'return function() return flash.switch { pair = "GENERIC" } end')
    assert.equal(3, busy.status, busy.stderr)
    assert.equal("device.busy", code_of(busy))
    local seen = run(modem, "return function() return flash.status() end")
    assert.equal(0, seen.status, seen.stderr)
    local nonsense = run(modem, "return function() return nil, {} end")
    assert.equal(10, nonsense.status, nonsense.stderr)
    assert.equal("script.invalid", code_of(nonsense))
    assert.truthy(nonsense.result.failure.message:find("my.lua returned nil and table", 1, true))
  end)

  it("has changed nothing when it refuses a modem that waits for an image", function()
    local modem = stage.modem("mc7455", { faults = { "start=download", "window=600" } })
    local refused = run(modem, 'return function(job) return nil, "it is in " .. job.device.mode end')
    assert.equal(3, refused.status, refused.stderr)
    assert.equal("it is in download", refused.result.failure.message)
  end)
end)

describe("what a script says is to be undone", function()
  after_each(support.finish)

  local CHANGE = [[
    flash.try(job:request(flash.dms.set_operating_mode, { mode = "low_power" }))
    job:undo("back online", function()
      return job:request(flash.dms.set_operating_mode, { mode = "online" })
    end)
  ]]

  local function power(modem)
    return stage.moonflash(modem, "status").lines[1].power.mode
  end

  local kinds = {
    ["in a function"] = { "return function(job) " .. CHANGE, " end" },
    ["in straight lines"] = { "local job = flash.try(flash.open())" .. CHANGE, "" },
  }
  for words, text in pairs(kinds) do
    it(words .. " is undone when it fails, not when it ends well", function()
      local modem = stage.modem "mc7455"
      local failed = run(modem, text[1] .. ' do return nil, "not today" end' .. text[2])
      assert.equal(6, failed.status, failed.stderr)
      assert.equal("online", power(modem))
      local raised = run(modem, text[1] .. " error 'no'" .. text[2])
      assert.equal(10, raised.status, raised.stderr)
      assert.equal("online", power(modem))
      assert.equal(0, run(modem, text[1] .. text[2]).status)
      assert.equal("low_power", power(modem))
    end)
  end

  it("is undone when the script returns a result that is none of success", function()
    local modem = stage.modem "mc7455"
    local failed = run(modem, kinds["in straight lines"][1]
      .. 'job:close_qmi() return flash.plan { files = { "/nowhere/x.cwe" } }')
    assert.equal(4, failed.status, failed.stderr)
    assert.equal("online", power(modem))
  end)
end)

describe("a script that makes a model", function()
  after_each(support.finish)

  it("and does not return it is told so", function()
    local modem = stage.modem "mc7455"
    local lost = run(modem, 'flash.change(flash.script "mc7455", "confirm", { retry = 60 })',
      unpack(stage.images "mc7455"))
    assert.equal(10, lost.status, lost.stderr)
    assert.truthy(lost.result.failure.message:find("makes a model and does not return it", 1, true))
    local used = run(modem, [[local model = flash.change(flash.script "mc7455", "confirm", { retry = 60 })
      flash.try(flash.update({ files = {} }, model).failure)]], "/nowhere")
    assert.equal(0, used.status, used.stderr)
    local read = run(modem, 'flash.log.say("%d steps", #flash.script "mc7455")', "2")
    assert.equal(0, read.status, read.stderr)
    local shown = run(modem, 'print(#flash.remove(flash.script "mc7455", "confirm"))')
    assert.equal(0, shown.status, shown.stderr)
  end)

  it("and returns half of it, or what is none, is told so", function()
    local modem = stage.modem "mc7455"
    local images = stage.images "mc7455"
    for _, text in ipairs {
      'return flash.insert_before(flash.script "mc7455", "send images", nil)',
      'return flash.model { name = "MC7455", family = "F", product = "P", usb = { application = {}, '
        .. 'download = {} } }',
      'return { name = "MC7455", family = "F", product = "P", usb = {} }',
    } do
      local ran = run(modem, text, unpack(images))
      assert.equal(10, ran.status, ran.stderr)
      assert.truthy(ran.result.failure.message:find("my.lua", 1, true))
    end
    assert.same({}, stage.log(modem, "image"))
  end)
end)
