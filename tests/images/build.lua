-- The builder of records is the simulator's, which makes images too.
return require "moonflash.sim.cwe_writer"
