-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The service and the ubus object of the OpenWrt package.
local cjson = require "cjson"
local options = require "moonflash.base.options"
local stage = require "tests.packaging.router"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local FILES, SHELL = stage.FILES, stage.SHELL
local await, await_end, call, configure = stage.await, stage.await_end, stage.call, stage.configure
local contents = stage.contents
local images, install, read_pid = stage.images, stage.install, stage.read_pid
local new_job_folder = stage.new_job_folder
local service, start_modem, wait_for = stage.service, stage.start_modem, stage.wait_for

local router

local only = sys.access(SHELL, "x") and describe or pending

only("on OpenWrt", function()
  before_each(function() router = stage.begin() end)
  after_each(stage.finish)

  describe("the service", function()
    it("has nothing to start without a job, and refuses one without words", function()
      assert.same({ status = 0, stdout = "", stderr = "" }, service "start")
      assert.equal(1, service("job").status)
      assert.equal(1, service("job", "update", "a\nb").status)
    end)

    it("runs a job once, outside of the session that asked for it", function()
      local files = images()
      local run = service("job", "update", files[1], files[2])
      assert.equal(0, run.status, run.stderr)
      local job = run.stdout:match "^([%w-]+)\n$"
      local seen = await_end(job)
      assert.equal(0, seen.result.exit, contents "syslog")
      assert.equal("02.33.03.00", seen.result.after.firmware)
      assert.truthy(contents("syslog"):find("done\n", 1, true))
      assert.equal(("send moonflash {\"job\":\"%s\",\"exit\":0}\n"):format(job), contents "calls")
      local params = contents("instances/" .. job .. "/params")
      for _, param in ipairs { "stdout 1", "stderr 1", "term_timeout 60" } do
        assert.truthy(params:find("\n" .. param .. "\n", 1, true))
      end
      assert.falsy(params:find "respawn")
      local events = sys.read_file(router.jobs .. "/" .. job .. "/events")
      assert.equal(0, service("start").status)
      assert.equal(events, sys.read_file(router.jobs .. "/" .. job .. "/events"))
    end)

    it("does not run a job again that procd starts again", function()
      local folder = new_job_folder("10001-x", "devices\n")
      assert(sys.write_file(folder .. "/events", "as it was\n"))
      local argv = { router.folder .. "/moonflash-job", folder }
      local run = support.run(argv, { environment = router.environment })
      assert.same({ status = 0, stdout = "", stderr = "" }, run)
      assert.equal("as it was\n", sys.read_file(folder .. "/events"))
    end)

    it("adds the options of uci", function()
      configure("--no-progress", "--quiet")
      assert.equal("--no-progress\n--quiet\n", service("options").stdout)
      local job = service("job", "devices").stdout:gsub("\n", "")
      assert.equal(0, await_end(job).result.exit)
      local arguments = sys.read_file(router.jobs .. "/" .. job .. "/arguments")
      assert.equal("--no-progress\n--quiet\ndevices\n", arguments)
    end)

    it("leaves a job alone when the options of uci change and another job begins", function()
      local first = service("job", "simulate", "mc7455").stdout:gsub("\n", "")
      await(first, function(seen) return seen.state == "running" end)
      configure "--quiet"
      await_end((service("job", "devices").stdout:gsub("\n", "")))
      assert.equal(0, service("start").status)
      await_end((service("job", "devices").stdout:gsub("\n", "")))
      assert.equal("running", call("progress", { job = first }).state)
      assert.is_nil(sys.link(router.jobs .. "/" .. first .. "/ended"))
      assert.is_true(call("cancel", { job = first }).asked)
      await_end(first)
    end)

    it("numbers jobs, whatever the clock says", function()
      new_job_folder("10099-20990101-000000", "devices\n")
      for number = 10100, 10102 do
        local job = service("job", "devices").stdout:gsub("\n", "")
        assert.equal(tostring(number), job:match "^(%d+)%-%d+%-%d+$")
        await_end(job)
        assert.equal(job, call("progress").job)
      end
    end)

    it("passes a signal on and waits for what moonflash makes of it", function()
      local job = service("job", "simulate", "mc7455").stdout:gsub("\n", "")
      local pid_file = router.jobs .. "/" .. job .. "/pid"
      wait_for(function() return read_pid(pid_file) end)
      sys.kill(read_pid(router.folder .. "/instances/" .. job .. "/pid"), "TERM")
      local ended = router.jobs .. "/" .. job .. "/ended"
      wait_for(function() return sys.link(ended) end)
      assert.falsy(sys.stat("/proc/" .. read_pid(pid_file)))
    end)

    it("forgets all but the last jobs", function()
      local names = {}
      for i = 1, 7 do
        names[i] = service("job", "devices").stdout:gsub("\n", "")
        await_end(names[i])
        support.run { "touch", "-d", "@1000000000", router.jobs .. "/" .. names[i] .. "/events" }
      end
      assert.equal(5, #sys.list(router.jobs))
      assert.equal(5, #sys.list(router.folder .. "/instances"))
      assert.truthy(sys.stat(router.jobs .. "/" .. names[7]))
    end)

    it("keeps up to 20 jobs that have ended just now", function()
      for number = 10001, 10022 do
        local folder = new_job_folder(number .. "-x", "devices\n")
        assert(sys.write_file(folder .. "/events", ""))
      end
      await_end((service("job", "devices").stdout:gsub("\n", "")))
      assert.equal(21, #sys.list(router.jobs))
      assert.is_nil(sys.stat(router.jobs .. "/10002-x"))
      assert.truthy(sys.stat(router.jobs .. "/10003-x"))
    end)

    it("forgets jobs whose processes were killed, too", function()
      for number = 10001, 10006 do new_job_folder(number .. "-x", "devices\n") end
      await_end((service("job", "devices").stdout:gsub("\n", "")))
      assert.equal(5, #sys.list(router.jobs))
      assert.is_nil(sys.stat(router.jobs .. "/10002-x"))
    end)

    it("keeps a job that goes on although its wrapper was killed", function()
      local job = service("job", "simulate", "mc7455").stdout:gsub("\n", "")
      await(job, function(seen) return seen.state == "running" end)
      local wrapper = read_pid(router.jobs .. "/" .. job .. "/begun")
      wait_for(function() return read_pid(router.jobs .. "/" .. job .. "/pid") end)
      sys.kill(wrapper, "KILL")
      wait_for(function() return not sys.stat("/proc/" .. wrapper .. "/fd/1") end)
      for number = 20001, 20006 do new_job_folder(number .. "-x", "devices\n") end
      await_end((service("job", "devices").stdout:gsub("\n", "")))
      assert.equal("running", call("progress", { job = job }).state)
      assert.is_true(call("cancel", { job = job }).asked)
      await(job, function(seen) return seen.state ~= "running" end)
    end)
  end)

  describe("the ubus object", function()
    it("tells its methods with the types of their arguments", function()
      local argv = { "lua5.1", router.folder .. "/rpcd", "list" }
      local run = support.run(argv, { environment = router.environment })
      local methods = cjson.decode(run.stdout)
      local names = {}
      for name in pairs(methods) do names[#names + 1] = name end
      table.sort(names)
      assert.same({ "cancel", "devices", "inspect", "jobs", "plan", "progress", "recover", "status", "switch",
        "update", "upload_list", "upload_prepare", "upload_remove" }, names)
      assert.equal("table", type(methods.update.files))
      assert.is_true(methods.update.force)
      assert.is_true(run.stdout:find('"devices":{}', 1, true) ~= nil)
      local page = sys.read_file "packaging/openwrt/README.md"
      for method, arguments in pairs(methods) do
        assert(page:find("| `" .. method .. "` |", 1, true), method)
        for name in pairs(arguments) do assert(page:find("`" .. name .. "`", 1, true), name) end
      end
      for name, option in pairs(options.by_name) do
        -- a trace is a file that root writes; mbim = false is --qmi
        local has = option.goes_to and name ~= "trace"
        assert.equal(has and true or nil, methods.update[name] ~= nil or nil, name)
      end
      local acl = cjson.decode((sys.read_file(FILES .. "moonflash.acl.json"))).moonflash
      local granted = { unpack(acl.read.ubus.moonflash) }
      for _, name in ipairs(acl.write.ubus.moonflash) do granted[#granted + 1] = name end
      table.sort(granted)
      assert.same(names, granted)
      -- who may only read must not have root open files, and nobody else's options reach a job
      assert.same({ "devices", "status", "jobs", "progress", "upload_list" }, acl.read.ubus.moonflash)
      assert.is_nil(acl.write.uci)
    end)

    it("means the modem of the options of uci, and records nothing of questions", function()
      local files, trace = images(), router.folder .. "/trace"
      configure("--serial=nobody", "--trace=" .. trace)
      assert.equal("device.none", call("status").result.failure.code)
      assert.equal("device.none", call("plan", { files = files }).result.failure.code)
      assert.is_nil(sys.stat(trace))
    end)

    it("records nothing of questions, however the options say it", function()
      local log = router.folder .. "/recorded"
      install(router.folder .. "/bin/options", '#!/bin/sh\necho "$*" >"$FAKE/asked"\n')
      assert(sys.remove(router.folder .. "/bin/moonflash"))
      assert(sys.rename(router.folder .. "/bin/options", router.folder .. "/bin/moonflash"))
      for _, items in ipairs { "--log=%s", "--log %s", "-L %s", "-L%s", "-vL %s", "-qL%s", "--trace=%s",
        "--trace %s" } do
        local words = {}
        for word in (items:format(log) .. " --carrier=-L"):gmatch "%S+" do words[#words + 1] = word end
        configure(unpack(words))
        call "devices"
        assert.equal("--json --verbose --carrier=-L devices --\n", contents "asked", items)
      end
    end)

    it("gives devices, status and plan with the result", function()
      local devices, text = call "devices"
      assert.equal("MC7455", devices.devices[1].model)
      assert.truthy(text:find('"missing":[]', 1, true))
      assert.equal(0, devices.result.exit)
      local status = call("status", { place = devices.devices[1].place, ubus_rpc_session = "00000000" })
      assert.equal("02.08.02.00", status.running.firmware)
      local plan = call("plan", { files = images() })
      assert.truthy(#plan.steps >= 6)
      assert.is_true(plan.result.ok)
      local wrong = call("status", { place = "9-9" })
      assert.equal("device.none", wrong.result.failure.code)
    end)

    it("starts an update, answers before its end, and follows it", function()
      local answer = call("update", { files = images(), timeout_scale = "2" })
      local sending = await(answer.job, function(seen) return seen.sent end)
      assert.equal("running", sending.state)
      assert.equal("send images", sending.step)
      assert.is_true(sending.sent <= sending.total)
      local seen = await_end(answer.job)
      assert.is_true(seen.result.ok)
      assert.equal("02.33.03.00", seen.result.after.firmware)
      assert.same(seen, call "progress")
      assert.is_false(call("cancel", { job = answer.job }).asked)
    end)

    it("knows how far a job is also when it has been warned meanwhile", function()
      local lines = { cjson.encode { event = "progress", step = "send images", sent = 5, total = 9 } }
      for _, name in ipairs { "warning", "note", "say" } do
        lines[#lines + 1] = cjson.encode { event = name, message = name }
      end
      lines[#lines + 1] = "5" -- printed by a script
      local folder = new_job_folder("10001-x", "update\n")
      assert(sys.write_file(folder .. "/events", table.concat(lines, "\n") .. "\n"))
      local seen = call "progress"
      assert.same({ "send images", 5, 9 }, { seen.step, seen.sent, seen.total })
    end)

    it("cancels a job", function()
      start_modem(0.2)
      local job = call("update", { files = images() }).job
      await(job, function(seen) return seen.step == "route preference" end)
      assert.is_true(call("cancel", { job = job }).asked)
      local seen = await_end(job)
      assert.equal(9, seen.result.exit)
    end)

    it("tells of a job that was killed", function()
      start_modem(0.2)
      local job = call("update", { files = images() }).job
      sys.kill(wait_for(function() return read_pid(router.jobs .. "/" .. job .. "/pid") end), "KILL")
      assert.is_nil(await(job, function(seen) return seen.state == "died" end).result)
    end)

    it("tells of a job that was stopped before it could say so", function()
      local folder = new_job_folder("10001-x", "update\n")
      assert(sys.write_file(folder .. "/events", ""))
      assert.equal("died", call("progress").state)
      assert(sys.symlink("143", folder .. "/ended"))
      local seen = call "progress"
      assert.equal("ended", seen.state)
      assert.equal(9, seen.result.exit)
      assert.equal("job.interrupted", seen.result.failure.code)
    end)

    it("tells of a job that had no room to say anything, and of one that said it at length", function()
      local folder = new_job_folder("10001-x", "update\n")
      assert(sys.write_file(folder .. "/events", '{"event":"st'))
      assert(sys.symlink("0", folder .. "/ended"))
      local seen = call "progress"
      assert.same({ "ended", true, 0 }, { seen.state, seen.result.ok, seen.result.exit })
      assert(sys.remove(folder .. "/ended"))
      assert(sys.symlink("7", folder .. "/ended"))
      seen = call "progress"
      assert.same({ "ended", false, 7 }, { seen.state, seen.result.ok, seen.result.exit })
      assert.equal("internal", seen.result.failure.code)
      local long = cjson.encode { event = "result", ok = false, exit = 4, message = ("a"):rep(20000) }
      assert(sys.write_file(folder .. "/events", long .. "\n"))
      assert.equal(4, call("progress").result.exit)
    end)

    it("writes the status of a job that a signal ended at once", function()
      install(router.folder .. "/bin/stopped", "#!/bin/sh\nkill -TERM $$\n")
      assert(sys.remove(router.folder .. "/bin/moonflash"))
      assert(sys.rename(router.folder .. "/bin/stopped", router.folder .. "/bin/moonflash"))
      assert.equal(9, await_end((service("job", "devices").stdout:gsub("\n", ""))).result.exit)
    end)

    it("signals no process but the job's own", function()
      local other = support.start { SHELL, "sh", "-c", "echo; read x" }
      local folder = new_job_folder("10001-x", "update\n")
      assert(sys.remove(folder .. "/begun"))
      for _, name in ipairs { "begun", "pid" } do
        assert(sys.symlink(("%.0f"):format(other.pid), folder .. "/" .. name))
      end
      for _, events in ipairs { "", '{"event":"result","ok":true,"exit":0}\n' } do
        assert(sys.write_file(folder .. "/events", events))
        assert.equal(events == "" and "died" or "ended", call("progress").state)
        assert.is_false(call("cancel").asked)
      end
      assert.truthy(sys.kill(other.pid, "CONT"))
      assert.truthy(sys.stat(("/proc/%.0f/fd/1"):format(other.pid)))
    end)

    it("takes no folder for a job that is none yet", function()
      assert(sys.make_folder(router.jobs .. "/10009-x"))
      assert.equal("job.unknown", call("progress").failure.code)
    end)

    it("answers what cannot be with an error", function()
      local function code_of(...) return call(...).failure.code end
      assert.equal("usage", code_of "reboot")
      assert.equal("usage", code_of("update", {}))
      assert.equal("usage", code_of("plan", {}))
      assert.equal("usage", code_of("update", { files = "/tmp/x" }))
      assert.equal("usage", code_of("update", { files = { { "x" } } }))
      assert.equal("usage", code_of("update", { files = { "/tmp/x" }, force = "yes" }))
      assert.equal("job.unknown", code_of("progress", { job = "../../etc" }))
      assert.equal("job.unknown", code_of("cancel", {}))
      assert.equal("usage", code_of("update", { files = { "a\nb" } }))
    end)

    it("runs no script as the model", function()
      local script = router.folder .. "/evil.lua"
      assert(sys.write_file(script, ("io.open('%s/ran', 'w'):close()"):format(router.folder)))
      for _, name in ipairs { script, "./evil.lua", "../evil", "examples/inventory", "mc7455.lua" } do
        for _, method in ipairs { "plan", "update" } do
          local message = call(method, { files = { "/tmp/x" }, model = name }).failure.message
          assert.equal("not a name: model", message, name)
        end
      end
      assert.is_nil(sys.stat(router.folder .. "/ran"))
      assert.is_true(call("plan", { files = images(), model = "MC7455" }).result.ok)
    end)

    it("refuses what no argument can be, whatever the method", function()
      local many = {}
      for i = 1, 101 do many[i] = "/tmp/" .. i end
      assert.equal("too many: files", call("plan", { files = many }).failure.message)
      assert.equal("too many: files", call("update", { files = many }).failure.message)
      assert.equal("control characters: files", call("update", { files = { "a\0b" } }).failure.message)
      local coloured = call("plan", { files = {}, carrier = "\27[2J" })
      assert.equal("control characters: carrier", coloured.failure.message)
      for _, text in ipairs { "\n", "\0", "1-1\n", "1-1\0" } do
        assert.equal("control characters: place", call("status", { place = text }).failure.message)
        assert.equal("control characters: job", call("progress", { job = text }).failure.message)
      end
      assert.equal("wrong type: files", call("plan", { files = { cjson.null } }).failure.message)
      assert.equal("the arguments are longer than 64 KiB",
        call("status", { place = ("1"):rep(65536) }).failure.message)
    end)

    it("says when the service takes no job", function()
      assert(sys.write_file(router.jobs, ""))
      assert.equal("job.not_started", call("update", { files = { "/tmp/x" } }).failure.code)
    end)
  end)
end)
