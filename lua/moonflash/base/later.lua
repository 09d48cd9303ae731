--- Modules that are loaded at their first use. What a model script mentions (steps, routes) is loaded with
-- it; what those need only when they run is not, so that listing modems takes little memory.
--
--     local later = require "moonflash.base.later"
--     local at = later "moonflash.protocol.at"
--     local wait = later("moonflash.procedure.enter_download", "wait")
--
-- @module moonflash.base.later

--- Stands for a module that is a table: its fields can be read and called. Or, with the name of a field,
-- for the one function in it.
-- @tparam string name
-- @tparam[opt] string field
-- @treturn table or function
return function(name, field)
  if field then return function(...) return require(name)[field](...) end end
  return setmetatable({}, { __index = function(_, key) return require(name)[key] end })
end
