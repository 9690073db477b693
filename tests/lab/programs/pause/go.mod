module meshops.lifecycle/lab/pause

go 1.26
