//! Which chunks a search may find: those of head versions that pass the filter.

use super::super::error::{Cause, Outcome};
use super::super::session::{Columns as _, Param, Session};
use super::super::texts::escaped;
use globset::{Glob, GlobMatcher};
use tokio_postgres::types::Type;
use types::query::Filter;
use types::seam::StoreErrorKind;

/// What passes one filter.
#[derive(Debug)]
pub(super) struct Visible {
    domain: Option<String>,
    category: Option<String>,
    /// Documents with chunks that may pass; none: all.
    documents: Option<Vec<i64>>,
    /// About how many chunks pass; none: all.
    pub(super) chunks: Option<i64>,
}

impl Visible {
    /// None when nothing passes.
    pub(super) async fn find(session: &Session, filter: &Filter) -> Outcome<Option<Self>> {
        let glob = filter.document.as_deref().map(matcher).transpose()?;
        let mut visible = Self {
            domain: filter.domain.as_deref().map(|domain| escaped(domain).into_owned()),
            category: filter.category.as_deref().map(|category| escaped(category).into_owned()),
            documents: None,
            chunks: None,
        };
        if visible.domain.is_none() && visible.category.is_none() && glob.is_none() {
            return Ok(Some(visible));
        }
        let sql = "SELECT x.document, x.name, sum(x.chunks)::bigint FROM document_pair x JOIN pair p ON p.id=x.pair
            WHERE ($1::text IS NULL OR p.domain=$1) AND ($2::text IS NULL OR p.category=$2)
            GROUP BY x.document, x.name";
        let params: [Param<'_>; 2] =
            [(&visible.domain, Type::TEXT), (&visible.category, Type::TEXT)];
        let (mut documents, mut chunks) = (Vec::new(), 0);
        for row in &session.rows(sql, &params).await? {
            let name = row.text(1)?;
            if glob.as_ref().is_none_or(|glob| glob.is_match(&name)) {
                documents.push(row.at(0)?);
                chunks += row.at::<i64>(2)?;
            }
        }
        if documents.is_empty() {
            return Ok(None);
        }
        visible.documents = Some(documents);
        visible.chunks = Some(chunks);
        Ok(Some(visible))
    }

    /// What must hold of a document `d` and of the chunk with number `chunk`, with three parameters from number
    /// `first` on.
    pub(super) fn condition(&self, first: usize, chunk: &str) -> String {
        if self.documents.is_none() {
            return "true".to_owned();
        }
        let (documents, domain, category) = (first, first + 1, first + 2);
        format!(
            "d.id=ANY(${documents}) AND (NOT d.mixed OR EXISTS(
               SELECT 1 FROM chunk m JOIN pair p ON p.id=d.label WHERE m.id={chunk}
               AND (${domain}::text IS NULL OR coalesce(m.own_domain, p.domain)=${domain})
               AND (${category}::text IS NULL OR coalesce(m.own_category, p.category)=${category})))"
        )
    }

    /// The parameters of [`Visible::condition`].
    pub(super) fn params(&self) -> Vec<Param<'_>> {
        match &self.documents {
            None => Vec::new(),
            Some(documents) => vec![
                (documents, Type::INT8_ARRAY),
                (&self.domain, Type::TEXT),
                (&self.category, Type::TEXT),
            ],
        }
    }
}

/// As in shells, but `*` crosses `/`: names are paths of any depth.
fn matcher(glob: &str) -> Outcome<GlobMatcher> {
    match Glob::new(glob) {
        Ok(glob) => Ok(glob.compile_matcher()),
        Err(error) => Err(Cause::told(
            StoreErrorKind::Internal,
            format!("the pattern of document names cannot be read: {}", error.kind()),
            "write a glob such as 'books/*.md'",
        )),
    }
}
