const search=document.getElementById('search');
const boxes=[...document.querySelectorAll('input[data-verdict]')];
const items=[...document.querySelectorAll('details[data-verdict]')].map(e=>[e,e.textContent.toLowerCase()]);
const clusters=[...document.querySelectorAll('.cluster')];
const folds=[...document.querySelectorAll('details.follows')];
function filter(){
  const text=search.value.toLowerCase();
  const on=new Set(boxes.filter(b=>b.checked).map(b=>b.dataset.verdict));
  for(const [e,t] of items)e.classList.toggle('hidden',!on.has(e.dataset.verdict)||!t.includes(text));
  for(const f of folds){
    const any=f.querySelector('details[data-verdict]:not(.hidden)');
    f.classList.toggle('hidden',!any);
    f.open=Boolean(text&&any);
  }
  for(const c of clusters){
    const title=c.querySelector('h2').textContent.toLowerCase();
    const any=c.querySelector('details[data-verdict]:not(.hidden)');
    c.classList.toggle('hidden',!any&&!(on.has(c.dataset.verdict)&&title.includes(text)));
  }
}
search.addEventListener('input',filter);
for(const b of boxes)b.addEventListener('change',filter);
function step(by){
  const seen=clusters.filter(c=>!c.classList.contains('hidden'));
  const at=seen.findIndex(c=>c.contains(document.activeElement));
  const next=seen[at<0?(by>0?0:seen.length-1):Math.min(Math.max(at+by,0),seen.length-1)];
  if(next){next.focus();next.scrollIntoView();}
}
function theme(){
  const root=document.documentElement;
  const dark=root.dataset.theme?root.dataset.theme==='dark':matchMedia('(prefers-color-scheme: dark)').matches;
  root.dataset.theme=dark?'light':'dark';
}
document.getElementById('theme').addEventListener('click',theme);
const keys={
  j:()=>step(1),
  k:()=>step(-1),
  t:theme,
  '/':()=>search.focus(),
  e:()=>{const c=document.activeElement.closest('.cluster');
    if(c){const all=[...c.querySelectorAll('details')];const open=all.some(d=>!d.open);for(const d of all)d.open=open;}},
};
document.addEventListener('keydown',event=>{
  if(event.target===search){
    if(event.key==='Escape'){search.value='';filter();search.blur();}
    return;
  }
  const act=event.ctrlKey||event.metaKey||event.altKey?undefined:Object.hasOwn(keys,event.key)&&keys[event.key];
  if(act){event.preventDefault();act();}
});
