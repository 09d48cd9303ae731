--- Sees that all images of a job can be had before a modem is made to wait for them: a modem in download
-- mode does not wait for a web server.
-- @module moonflash.procedure.ready

--- Opens the sources of the images that were not sent yet; they stay open until they are sent.
-- @tparam table job
-- @treturn boolean true, or nil and the first failure
return function(job)
  for _, image in ipairs(job.set and job.set.images or {}) do
    if not job.sent[image] then
      local ready, problem = image:prepare()
      if not ready then return nil, problem end
    end
  end
  return true
end
