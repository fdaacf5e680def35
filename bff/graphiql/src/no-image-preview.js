// In place of GraphiQL's own: hovering over an image's address in a response must not fetch it from wherever it is.
export const ImagePreview = () => null;
ImagePreview.shouldRender = () => false;
