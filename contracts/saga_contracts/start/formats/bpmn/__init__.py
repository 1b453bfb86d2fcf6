"""BPMN 2.0 as Camunda and others export it: `diagram` is what stands in the file, `flow` its order, `reading` the steps of it."""
