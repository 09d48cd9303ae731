-- SPDX-FileCopyrightText: 2026 the moonflash authors
-- SPDX-License-Identifier: GPL-2.0-or-later

-- The ubus object of the OpenWrt package: what its contract (packaging/openwrt/README.md) promises.
local cjson = require "cjson"
local stage = require "tests.packaging.router"
local support = require "tests.support"
local sys = require "moonflash.core.sys"

local await, await_end, call, images = stage.await, stage.await_end, stage.call, stage.images
local router

local only = sys.access(stage.SHELL, "x") and describe or pending

local function code_of(answer)
  return answer.failure and answer.failure.code
end

only("moonflash's ubus object", function()
  before_each(function() router = stage.begin() end)
  after_each(stage.finish)

  -- A job with these events, which has ended if it has a status.
  local function new_job(events, arguments, status)
    local folder = stage.new_job_folder("10001-x", arguments or "update\n--\n/tmp/new.cwe\n")
    local lines = {}
    for index, event in ipairs(events) do lines[index] = cjson.encode(event) .. "\n" end
    assert(sys.write_file(folder .. "/events", table.concat(lines)))
    if status then assert(sys.symlink(tostring(status), folder .. "/ended")) end
    return folder
  end

  -- A program in place of moonflash.
  local function replace_moonflash(body)
    local bin = router.folder .. "/bin/moonflash"
    assert(sys.remove(bin))
    stage.install(bin, "#!/bin/sh\n" .. body .. "\n")
  end

  describe("takes arguments", function()
    it("only by names it knows, and says which these are", function()
      local failure = call("status", { palce = "2-3" }).failure
      assert.equal("unknown argument: palce", failure.message)
      assert.matches("busnum_devnum .*place", failure.hint)
      assert.equal("usage", code_of(call("devices", { place = "2-3" })))
      assert.equal("usage", code_of(call("update", { files = { "/x" }, trace = "/etc/passwd" })))
      assert.equal("usage", code_of(call("update", { files = { "/x" }, root = "/" })))
    end)

    it("of which null is not given", function()
      assert.is_true(call("status", { place = cjson.null, mbim = cjson.null }).result.ok)
      assert.equal("files missing", call("plan", { files = cjson.null }).failure.message)
    end)

    it("that are files only as absolute paths or URLs", function()
      for _, name in ipairs { "new.cwe", "../new.cwe", "-", "ftp://host/x", "file:///x" } do
        local message = call("plan", { files = { name } }).failure.message
        assert.equal("not an absolute path or URL: files", message, name)
      end
    end)

    it("and passes every one on as the option of that name", function()
      replace_moonflash('echo "$*" >"$FAKE/asked"; echo \'{"event":"result","ok":true,"exit":0}\'')
      assert.is_true(call("plan", { files = { "/new.cwe" }, place = "1-1", vid_pid = "1199:9071", mbim = false,
        proxy = true, timeout_scale = "0.5", carrier = "A B", force = true, storage_index = 2, chunk_size = 65536,
        keep_services = true, bind_driver = false, skip = { "power", "memory" }, model = "MC7455" }).result.ok)
      assert.equal("--json --verbose --carrier=A B --chunk-size=65536 --force --keep-services "
        .. "--model=MC7455 --place=1-1 --proxy "
        .. "--qmi --skip=memory --skip=power --storage-index=2 --timeout-scale=0.5 --vid-pid=1199:9071 plan -- "
        .. "/new.cwe\n", stage.contents "asked")
    end)
  end)

  describe("answers", function()
    it("with one form of failure", function()
      local failed = call("status", { place = "9-9" })
      assert.equal("device.none", failed.failure.code)
      assert.same(failed.result.failure, failed.failure)
      assert.same(cjson.null, call("nothing").failure.evidence)
      new_job { { event = "result", t = 9, ok = false, exit = 4, failure = { code = "image.corrupt" } } }
      assert.equal("image.corrupt", code_of(call "progress"))
      assert.is_nil(call("devices").failure)
    end)

    it("without passwords and queries of URLs", function()
      local url = "http://joe:s3cret@host/x.cwe?token=s3cret"
      new_job({ { event = "warning", t = 1, code = "c", message = "see " .. url .. ", and \"" .. url .. "\"" },
        { event = "progress", step = "send images", file = url .. ":a.cwe", sent = 1, total = 2 } },
        "update\n--\n" .. url .. "\n")
      local progress, text = call "progress"
      assert.equal('see http://host/x.cwe and "http://host/x.cwe"', progress.warnings[1].message)
      assert.equal("http://host/x.cwe", progress.file)
      assert.falsy(text:find("s3cret", 1, true))
      replace_moonflash([[echo '{"event":"result","ok":false,"exit":3,"failure":{"code":"device.busy",]]
        .. [["evidence":"pid 1: moonflash update -- HTTPS://a:s3cret@b/"}}']])
      assert.equal("pid 1: moonflash update -- HTTPS://b/", call("status").failure.evidence)
    end)

    it("before rpcd gives up", function()
      replace_moonflash "exec sleep 60"
      assert(sys.write_file(router.folder .. "/rpcd_timeout", "3\n"))
      local began = sys.clock_ms()
      assert.equal("sys.timeout", code_of(call "status"))
      assert.is_true(sys.clock_ms() - began < 3000 * support.slowness)
    end)

    it("with the reason when its modules are missing, and logs it", function()
      local environment = { LUA_CPATH = "/nowhere/?.so" }
      for name, value in pairs(router.environment) do environment[name] = value end
      local function run(...)
        return support.run({ "lua5.1", router.folder .. "/rpcd", ... }, { environment = environment, input = "{}" })
      end
      assert.same({ devices = {} }, cjson.decode(run("list").stdout))
      local failure = cjson.decode(run("call", "devices").stdout).failure
      assert.equal("internal", failure.code)
      assert.matches("not found", failure.message)
      assert.matches("not found", stage.contents "syslog.err")
    end)

    it("with what is wrong in /etc/config/moonflash", function()
      stage.configure "config moonflash 'main'\n\tlist option '--quiet\n"
      for _, method in ipairs { "devices", "status" } do
        assert.equal("/etc/config/moonflash cannot be read", call(method).failure.message)
      end
      assert.equal("job.not_started", code_of(call("update", { files = { "/x" } })))
      assert.same({}, sys.list(router.jobs))
    end)
  end)

  describe("has a method that", function()
    it("inspects images", function()
      local answer = call("inspect", { files = images() })
      assert.same({ 2, true, {}, 0 }, { #answer.images, answer.set.ok, answer.warnings, answer.result.exit })
      assert.equal("source.not_found", code_of(call("inspect", { files = { "/nowhere.cwe" } })))
    end)

    it("plans, with what an update warns of and pauses", function()
      replace_moonflash([[echo '{"event":"warning","t":3,"code":"preflight.memory","message":"update refuses"}'
        echo '{"event":"note","t":4,"message":"would pause wan"}'
        echo '{"v":1,"device":{},"steps":[],"pauses":["wan"]}'
        echo '{"event":"result","ok":true,"exit":0}']])
      local plan = call("plan", { files = { "/new.cwe" } })
      assert.same({ { t = 3, code = "preflight.memory", message = "update refuses" } }, plan.warnings)
      assert.same({ { t = 4, message = "would pause wan" } }, plan.notes)
      assert.same({ "wan" }, plan.pauses)
    end)

    it("tells the notes of moonflash, unless the options have --quiet", function()
      replace_moonflash('echo "$*" >"$FAKE/asked"; echo \'{"event":"result","ok":true,"exit":0}\'')
      for _, quiet in ipairs { "--quiet", "-q", "-pq" } do
        stage.configure(quiet)
        call "devices"
        assert.falsy(stage.contents "asked":find("verbose", 1, true), quiet)
        await_end(call("recover").job)
        assert.falsy(stage.contents "asked":find("verbose", 1, true), quiet)
      end
      stage.configure "--proxy"
      await_end(call("recover").job)
      assert.equal("--json --verbose --proxy recover --\n", stage.contents "asked")
    end)

    it("refuses images that come over the modem, before they are fetched", function()
      local bin = stage.root() .. "/sbin"
      assert(sys.make_folder(bin))
      stage.install(bin .. "/ip", '#!/bin/sh\nname=eth0\n[ "$4" != 192.0.2.1 ] || name=wwan0\n'
        .. 'echo "$4 dev $name src 10.0.0.1"\n')
      stage.install(bin .. "/nslookup", '#!/bin/sh\nprintf "Server:\\t\\t127.0.0.1\\nAddress:\\t127.0.0.1:53\\n\\n'
        .. 'Name:\\t$1\\nAddress: 192.0.2.1\\n"\n')
      stage.install(router.folder .. "/bin/curl", '#!/bin/sh\necho "$*" >>"$FAKE/fetched"\nexit 22\n')
      local files = { "http://joe:s3cret@vendor.example:8080/x.cwe" }
      for _, method in ipairs { "update", "recover" } do
        local seen = await_end(call(method, { files = files }).job)
        assert.same({ "source.over_modem", "the route to vendor.example is wwan0" },
          { seen.failure.code, seen.failure.evidence })
        assert.equal(3, seen.result.exit)
      end
      assert.is_nil(sys.stat(router.folder .. "/fetched"))
      assert.equal("source.failed", code_of(await_end(call("update", { files = files, skip = { "images" } }).job)))
      assert.equal("source.over_modem", call("plan", { files = files }).warnings[1].code)
      local seen = await_end(call("plan", { files = files, background = true }).job)
      assert.matches("^update refuses: the images come over the modem", seen.warnings[1].message)
      assert.same({}, call("plan", { files = { "http://192.0.2.2/x" } }).warnings)
    end)

    it("plans and inspects as a job", function()
      local files = images()
      for method, field in pairs { plan = "steps", inspect = "images" } do
        local seen = await_end(call(method, { files = files, background = true }).job)
        assert.same({ method, "ended", true }, { seen.command, seen.phase, seen.result.ok })
        assert.is_true(#seen.answer[field] >= 2)
      end
    end)

    it("switches to stored images, and recovers", function()
      local update = await_end(call("update", { files = images() }).job)
      assert.is_true(update.result.ok)
      assert.equal("pair missing", call("switch").failure.message)
      local back = await_end(call("switch", { pair = "02.08.02.00" }).job)
      assert.same({ true, "switch", "02.08.02.00" }, { back.result.ok, back.command, back.result.after.firmware })
      assert.is_true(await_end(call("recover").job).result.ok)
    end)

    it("lists the jobs, the newest first", function()
      assert.same({}, call("jobs").jobs)
      local first = call("recover").job
      await_end(first)
      local second = call("update", { files = { "/nowhere.cwe" }, place = "2-3" }).job
      await_end(second)
      assert.same({ jobs = {
        { job = second, command = "update", state = "ended", ok = false, exit = 4 },
        { job = first, command = "recover", state = "ended", ok = true, exit = 0 },
      } }, call "jobs")
    end)

    it("stops a job, and remembers that it was asked to", function()
      stage.start_modem(0.2)
      local job = call("update", { files = images() }).job
      local entering = await(job, function(seen) return seen.step == "route preference" end)
      assert.is_false(entering.asked_to_stop)
      assert.is_true(entering.expected > 60)
      assert.is_true(call("cancel", { job = job }).asked)
      assert.is_true(await_end(job).asked_to_stop)
    end)
  end)

  describe("tells of a job", function()
    it("steps, warnings and notes", function()
      local seen = await_end(call("update", { files = images() }).job)
      assert.same({ "ended", "ended", "update" }, { seen.state, seen.phase, seen.command })
      local states = {}
      for _, step in ipairs(seen.steps) do
        states[step.step] = step.state
        assert.is_number(step.t)
      end
      assert.same({ "done", "done" }, { states["send images"], states.confirm })
      assert.equal("read versions", seen.steps[1].step)
      assert.same({}, seen.warnings)
    end)

    local function step(name, state, t, seconds, behind)
      return { event = "step", step = name, state = state, t = t, seconds = seconds, behind = behind }
    end

    -- The phase and the expected seconds after these events, 60 s after the begin of the job.
    local function course(events, arguments)
      local folder = new_job(events, arguments)
      local wrapper = support.start { stage.SHELL, "sh", "-c", 'exec >>"$0/events"; echo >&2 ready; read x', folder }
      stage.wait_for(function() return sys.link(("/proc/%.0f/fd/1"):format(wrapper.pid)) == folder .. "/events" end)
      assert(sys.remove(folder .. "/begun"))
      assert(sys.symlink(("%.0f"):format(wrapper.pid), folder .. "/begun"))
      local uptime = tonumber(sys.read_file("/proc/uptime", 64):match "^[%d.]+")
      assert(sys.symlink(("%.2f"):format(uptime - 60), folder .. "/uptime"))
      local seen = call "progress"
      wrapper:stop()
      assert(sys.remove_tree(folder))
      assert.equal("running", seen.state)
      return { seen.phase, seen.expected and seen.expected - seen.elapsed }
    end

    it("phase and expected time", function()
      assert.same({ "reading" }, course {})
      assert.same({ "preparing", 2 - 1 + 210 }, course { step("read versions", "started", 59000, 2, 210) })
      local entering = { step("enter download mode", "started", 2000, 65, 165), step("route x", "started", 3000) }
      assert.same({ "entering", 65 - 58 + 165 }, course(entering))
      local sending = { entering[1], entering[2], step("send images", "started", 50000, 90, 75) }
      assert.same({ "sending", 90 - 10 + 75 }, course(sending))
      sending[4] = { event = "progress", step = "send images", sent = 1, total = 9, eta = 100 }
      assert.same({ "sending", 100 + 75 }, course(sending))
      assert.same({ "confirming", 0 }, course { step("confirm", "started", 1000, 10, 0) })
      assert.same({ "preparing" }, course({ step("read versions", "started", 59000, 2, 210) }, "plan\n--\n/x\n"))
    end)
  end)

  describe("keeps uploaded files", function()
    local folder

    before_each(function() folder = router.folder .. "/tmp/upload" end)

    it("in one folder", function()
      assert.same({}, call("upload_list").files)
      local path = call("upload_prepare", { name = "new (1).cwe", bytes = 5 }).path
      assert.equal(folder .. "/new (1).cwe", path)
      assert(sys.write_file(path, "bytes"))
      local listed = call "upload_list"
      assert.same({ { name = "new (1).cwe", path = path, bytes = 5 } }, listed.files)
      assert.same({ folder, 5 }, { listed.folder, listed.bytes })
      assert.is_true(listed.room > 0 and listed.room <= 268435456)
      call("upload_prepare", { name = "new (1).cwe", bytes = 5 })
      assert.is_nil(sys.stat(path))
    end)

    it("until they are removed", function()
      for _, name in ipairs { "a", "b", "c" } do
        assert(sys.write_file(call("upload_prepare", { name = name, bytes = 1 }).path, "x"))
      end
      assert.equal(2, #call("upload_remove", { name = "b" }).files)
      assert.equal("upload.unknown", code_of(call("upload_remove", { name = "b" })))
      assert.same({}, call("upload_remove").files)
      assert.same({}, sys.list(folder))
    end)

    it("of a name without a folder, for which there is room", function()
      for _, name in ipairs { "../x", "a/b", ".hidden", "", "a\nb", ("x"):rep(129) } do
        assert.equal("usage", code_of(call("upload_prepare", { name = name, bytes = 1 })), name)
        assert.equal("usage", code_of(call("upload_remove", { name = name })), name)
      end
      assert.equal("bytes missing", call("upload_prepare", { name = "a" }).failure.message)
      for _, bytes in ipairs { -1, 1.5 } do
        local failure = call("upload_prepare", { name = "a", bytes = bytes }).failure
        assert.equal("not a whole number from 0: bytes", failure and failure.message)
      end
      assert.equal("upload.too_large", code_of(call("upload_prepare", { name = "a", bytes = 268435457 })))
      stage.install(router.folder .. "/bin/df", "#!/bin/sh\necho 'Filesystem 1024-blocks Used Available Capacity "
        .. "Mounted on'\necho 'tmpfs 30000 29900 100 99% /tmp'\n")
      assert.equal(102400, call("upload_list").room)
      assert.equal("upload.no_room", code_of(call("upload_prepare", { name = "a", bytes = 102401 })))
      assert.is_nil(code_of(call("upload_prepare", { name = "a", bytes = 102400 })))
    end)

    it("and refuses the folder of another user", function()
      assert(sys.make_folder(folder))
      if sys.user_id() ~= 0 then return end -- only root can give a folder away
      assert.equal(0, support.run({ "chown", "65534", folder }).status)
      assert.equal("sys.denied", code_of(call("upload_prepare", { name = "a", bytes = 1 })))
      assert.same({}, call("upload_list").files)
    end)
  end)
end)

only("moonflash's service", function()
  before_each(function() router = stage.begin() end)
  after_each(stage.finish)

  it("takes both forms of UCI's options, in any section of its type", function()
    stage.configure [[
# a comment
config moonflash 'main' # and one here
	option option '--place=9-9' # what `uci set` writes
	#list option '--quiet'
config moonflash
	list option '--carrier=A B'
	list option '--model=MC7455'
config other 'x'
	list option '--force'
]]
    assert.equal("--place=9-9\n--carrier=A B\n--model=MC7455\n", stage.service("options").stdout)
    assert.equal("device.none", code_of(call "status"))
  end)

  it("has no options without a file, and no job with a wrong one", function()
    assert.same({ status = 0, stdout = "", stderr = "" }, stage.service "options")
    stage.configure "config moonflash 'main'\n\toption option '--quiet\n"
    for _, words in ipairs { { "options" }, { "job", "devices" } } do
      local run = stage.service(unpack(words))
      assert.same({ 1, "" }, { run.status, run.stdout })
      assert.matches("cannot be read", run.stderr)
    end
    assert.same({}, sys.list(router.jobs))
  end)

  it("runs a job in the folder of its caller", function()
    local file = images()[1]
    local folder, name = file:match "^(.*)/([^/]+)$"
    local run = support.run({ stage.SHELL, "sh", "-c", 'cd "$0" && "$@"', folder, router.folder .. "/service", "job",
      "inspect", name }, { environment = router.environment })
    local job = run.stdout:gsub("\n", "")
    assert.equal(0, await_end(job).result.exit)
  end)

  it("tells syslog of a failure as an error, and of all else as information", function()
    await_end((stage.service("job", "devices").stdout:gsub("\n", "")))
    assert.equal("", stage.contents "syslog.err")
    assert.matches("MC7455", stage.contents "syslog")
    local job = stage.service("job", "status", "--place=9-9").stdout:gsub("\n", "")
    await_end(job)
    stage.wait_for(function() return stage.contents "syslog.err" ~= "" end)
    assert.equal(("job %s ended with exit status 5\n"):format(job), stage.contents "syslog.err")
  end)

  it("starts a job after a stop without a complaint", function()
    for number = 10001, 10006 do stage.new_job_folder(number .. "-x", "devices\n") end
    stage.service "stop"
    local run = stage.service("job", "devices")
    assert.same({ 0, "" }, { run.status, run.stderr })
    await_end((run.stdout:gsub("\n", "")))
  end)
end)
