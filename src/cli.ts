/** @file The bin. */
process.stdout.write("not built yet\n");
