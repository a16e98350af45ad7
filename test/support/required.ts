/**
 * Whether a machine without OpenGL or without a browser fails, rather than skips, the tests that need it: where the
 * variable NTKIT_REQUIRE_DEVICES is 1, as it is in CI.
 */
export const devicesRequired = process.env.NTKIT_REQUIRE_DEVICES === '1';
