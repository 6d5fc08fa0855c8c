"""One file a version of the schema. A released one is never edited: databases made by it are out there."""
