/** @file The version, here so that --version reads no file; a test holds it equal to package.json's. */
export const version = "0.1.0";
