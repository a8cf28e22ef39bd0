//! Documents in zip containers: DOCX, PPTX, XLSX, EPUB. Every member is read within one budget.

mod container;
pub(crate) mod docx;
pub(crate) mod epub;
mod parts;
pub(crate) mod pptx;
mod table;
pub(crate) mod xlsx;
mod xml;
