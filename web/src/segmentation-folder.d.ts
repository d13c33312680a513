/** The address of the folder with the workers that find people in pictures, made by build/segmentation.mjs. */
declare module "segmentation-folder" {
  const folder: string;
  export default folder;
}
