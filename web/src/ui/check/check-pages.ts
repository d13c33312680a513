/** The pages of checks, which are loaded together. */

export { CheckPage } from "./check-page";
export { DoctorPage } from "./doctor-page";
