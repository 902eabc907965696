/** The version of this package, for the `User-Agent`. A test holds it to package.json. */
export const version = "0.2.0";
