--- Modules that are loaded at their first use. What a model script mentions (steps, routes) is loaded with
-- it; what those need only when they run is not, so that listing modems takes little memory.
--
--     local later = require "moonflash.later"
--     local at = later "moonflash.at"
--
-- @module moonflash.later

--- Stands for a module that is a table: its fields can be read and called.
-- @tparam string name
-- @treturn table
return function(name)
  return setmetatable({}, { __index = function(_, key) return require(name)[key] end })
end
