# Stands in for the vendors' Tcl shells: runs a build script, or a constraint file, with every command of theirs replaced by one that checks
# the files it is given, and prints what was called. The environment names the tool
# (QCC_TOOL: vivado or quartus), the script (QCC_SCRIPT) and its arguments (QCC_ARGS, of Vivado).
set tool $::env(QCC_TOOL)
set script $::env(QCC_SCRIPT)

proc called {name args} {
  foreach path $args {
    if {![file isfile $path]} { puts stderr "$name: no file $path"; exit 1 }
  }
  puts "$name [llength $args]"
}

# a path on a command line, and where the tool looks for it
proc given {name args} {
  set path [lindex $args end]
  if {[file pathtype [lindex $args end]] ne "relative"} { puts stderr "$name: $path is absolute"; exit 1 }
  called $name $path
}

proc unknown {name args} {
  puts stderr "unknown command $name $args"
  exit 1
}

proc create_clock {args} {
  if {[lindex $args 0] ne "-period" || ![string is double -strict [lindex $args 1]]} {
    puts stderr "create_clock $args"
    exit 1
  }
  puts "create_clock"
}
proc get_ports {name} { return $name }
proc derive_clock_uncertainty {} {}

if {$tool eq "vivado"} {
  proc read_verilog {path} { given read_verilog $path }
  proc read_mem {path} { given read_mem $path }
  proc read_xdc {args} {
    given read_xdc [lindex $args end]
    source [lindex $args end]
  }
  proc synth_design {args} { puts "synth_design $args" }
  foreach command {opt_design place_design phys_opt_design route_design report_utilization report_timing_summary} {
    proc $command {args} "puts $command"
  }
  proc write_checkpoint {args} { puts write_checkpoint }
  set argv $::env(QCC_ARGS)
} else {
  package provide ::quartus::project 1.0
  package provide ::quartus::flow 1.0
  array set ::quartus {args {}}
  proc project_new {name args} { puts project_new }
  proc set_global_assignment {flag name value} {
    switch $name {
      VERILOG_FILE { called read_verilog $value }
      SDC_FILE { called SDC_FILE $value; source $value }
      SEARCH_PATH { if {![file isdirectory $value]} { puts stderr "no folder $value"; exit 1 } }
    }
  }
  proc set_instance_assignment {args} {}
  proc export_assignments {} {}
  proc execute_flow {args} { puts execute_flow }
  proc project_close {} { puts project_close }
}
source $script
