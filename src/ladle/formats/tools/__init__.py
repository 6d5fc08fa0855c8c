"""Files of other tools: COCO, manifests, Label Studio, and names of files as ids."""
